# No host or path is opened to everybody without a reason in the file that says something.
#
#   ztctl plan --format json | conftest test --policy examples/policies -
#   opa eval --data examples/policies --input plan.json 'data.ztctl.public.deny'
package ztctl.public

import rego.v1

# What `public: {reason: …}` states is a note of the record by which the host is opened.
reasons(host) := {reason |
	some change in input.resource_changes
	change.name == host
	some note in change.notes
	reason := split(note, "as stated: ")[1]
}

deny contains message if {
	some change in input.access_changes
	some way in change.gained
	way.openness == "everybody"
	every reason in reasons(change.host) {
		count(reason) < 10
	}
	message := sprintf("%s is opened to everybody (%s) without a reason", [change.host, way.who])
}

deny contains message if {
	some name in input.exposed
	name.stays
	message := sprintf("%s is open, and stays so: %s", [name.host, name.reason])
}
