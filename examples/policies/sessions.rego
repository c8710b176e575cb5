# No login lasts for more than eight hours.
#
#   ztctl plan --format json | conftest test --policy examples/policies -
#   opa eval --data examples/policies --input plan.json 'data.ztctl.sessions.deny'
package ztctl.sessions

import rego.v1

longest := time.parse_duration_ns("8h")

# The policies that are made or edited, and what people gain by any change: a policy's session goes
# before its application's.
sessions contains [change.address, change.change.after.session_duration] if {
	some change in input.resource_changes
	change.type == "access_policy"
	change.change.after.session_duration
}

sessions contains [change.host, way.session] if {
	some change in input.access_changes
	some way in change.gained
	way.session
}

deny contains message if {
	some [what, session] in sessions
	time.parse_duration_ns(session) > longest
	message := sprintf("%s: a login lasts %s, and at most 8h are allowed", [what, session])
}
