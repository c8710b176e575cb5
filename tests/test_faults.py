"""Faults that real accounts, real clients and a real connector have shown, one test each.

A fault stands for its kind: the test fails where that kind comes back. Where the sandbox answers
otherwise than recordings on purpose, its test is about the setting that makes it answer so;
`docs/sandbox.md` has the reasons.
"""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ANSWERED = "sandbox/test_as_answered.py"

# A fault a line, and its test. A line that ends in `:` is a heading.
TABLE = """
Writes:
a PUT drops destinations of unknown types | behaviour/test_losing_nothing.py::test_destinations_of_other_types_stay
destinations of unknown types go when stated ones change | behaviour/test_losing_nothing.py::test_they_stay_while_destinations_come_and_go
a PUT drops what is in a destination, such as public paths | attacks/test_public_paths.py::test_an_override_by_hand_is_carried_and_told
a destination of a type to come is sent otherwise than it came | behaviour/test_losing_nothing.py::test_a_destination_that_is_to_come_is_sent_as_it_came
an adoption drops destinations of unknown types | behaviour/test_losing_nothing.py::test_an_adoption_drops_no_destination_of_another_type
a PUT of an application drops members to come and OAuth | behaviour/test_losing_nothing.py::test_unknown_members_of_an_application_are_sent_back
a PUT of a policy drops unknown members | behaviour/test_losing_nothing.py::test_unknown_members_of_a_policy_are_sent_back
a PUT of a group drops unknown members | behaviour/test_losing_nothing.py::test_unknown_members_of_a_group_are_sent_back
a PUT of a configuration drops unknown keys at the top, in settings, rules and checks | behaviour/test_losing_nothing.py::test_unknown_keys_of_a_configuration_are_sent_back
a record loses what the service does not describe | behaviour/test_losing_nothing.py::test_unknown_members_of_a_record_are_sent_back
some edit of some kind drops an unknown member at some depth | kinds/test_carry.py::test_an_edit_loses_nothing_that_it_does_not_name
a write that changes nothing changes the form of something | kinds/test_carry.py::test_what_is_not_edited_goes_back_as_it_came
redacted credentials of SCIM are written over live ones | behaviour/test_losing_nothing.py::test_what_holds_credentials_is_not_edited
an adoption writes redacted credentials | behaviour/test_losing_nothing.py::test_an_adoption_of_what_holds_credentials_is_refused
a change back to a default is never sent | behaviour/test_losing_nothing.py::test_a_change_back_to_a_default_takes
a default that is live is sent | kinds/test_kind_bodies.py::test_a_default_that_is_live_is_left_out
a rule's own false or empty text is not written | attacks/test_origin_settings.py::test_a_rules_own_false_or_empty_text_is_written
a live rule's own false is read as silent | attacks/test_origin_settings.py::test_a_rules_own_false_or_empty_text_is_seen
an unrelated change takes a rule's own false away | attacks/test_origin_settings.py::test_an_unrelated_change_keeps_a_rules_own_false
defaults spelled out in a rule are a difference | attacks/test_origin_settings.py::test_what_a_rule_has_anyway_is_no_difference
a bastion that is taken out of the file stays one | attacks/test_origin_settings.py::test_taking_bastion_mode_out_of_the_file_takes_it_away
sharing an application takes its own domain away | attacks/test_identity.py::test_f1_a_shared_application_keeps_what_its_key_names
hosts below a wildcard count as further domains | attacks/test_identity.py::test_f1_hosts_below_a_wildcard_take_no_place
an adoption deletes addresses that the plan does not name | attacks/test_identity.py::test_f3_every_record_that_goes_is_told
a machine does not learn of all records that an adoption deletes | attacks/test_identity.py::test_f3_a_machine_gets_the_records_that_go_whole
What is told:
another spelling of a service is a change | kinds/test_services.py::test_only_what_certainly_means_the_same_is_respelt
a host that moves between tunnels is told as a loss and a gain | behaviour/test_who_gains.py::test_a_host_that_moves_to_another_tunnel_is_told_as_moved
a helper group is told by a name that nobody wrote | behaviour/test_who_gains.py::test_a_changed_requirement_is_told_with_both_sides
a shorter session is told backwards | behaviour/test_who_gains.py::test_a_shorter_session_is_told_from_before_to_after
the demand of one policy is told as one of the host | core/test_reach.py::test_what_only_one_of_two_policies_asks_for_shuts_nobody_out
a silent policy lasts 24 hours where its application says less | behaviour/test_sessions.py::test_a_silent_policy_lasts_as_long_as_its_applications_say
24 hours are given where applications differ, and nobody is told | behaviour/test_sessions.py::test_applications_that_differ_get_what_the_service_gives
a live policy without a session turns to 24 hours by any edit | kinds/test_policy_sessions.py::test_a_live_policy_without_a_session_follows_its_application
a method that a URL has not is told as a missing permission | cloudflare/test_reply_envelope.py::test_status_and_code_choose_the_remedy
a login domain of one's own is told as a missing permission | kinds/test_audience.py::test_a_login_domain_of_its_own_is_no_lack_of_permission
a second interruption blames the journal | cli/test_cli_interrupt.py::test_a_second_ctrl_c_before_a_write_goes_out_leaves_it_not_started
a second interruption does not tell what was under way | cli/test_cli_interrupt.py::test_a_second_ctrl_c_leaves_at_once_and_tells_what_is_unknown
a destroy ends with the words of an apply | cli/test_cli_apply.py::test_destroy_takes_the_stack_away
a number without a unit gets no hint for a duration | kinds/test_durations.py::test_what_is_no_duration_gets_a_hint
a locally managed tunnel is to be declared as it is | behaviour/test_said_truly.py::test_a_local_tunnel_of_the_name_is_not_to_be_declared
a file of cloudflared gets one message for each of its keys | documents/test_files_given.py::test_a_file_of_cloudflared_gets_one_hint
a service token in an Allow is told as entering | attacks/test_decisions.py::test_f4_a_policy_that_admits_nobody
a name that leads to no tunnel is told as closed | cli/test_cli_who.py::test_a_name_that_leads_to_no_tunnel_is_open
taking Access from a name that leads to no tunnel is told as a loss | attacks/test_unseen.py::test_e5_an_application_before_what_is_no_tunnel_is_not_taken_away
a public path is told as closed | attacks/test_public_paths.py::test_an_override_is_a_door
a live wildcard in upper case hides the rule behind it | attacks/test_origin_settings.py::test_a_live_name_that_matches_nothing_hides_no_rule_behind_it
a live rule that matches nothing is in step | behaviour/test_host_spelling.py::test_a_rule_that_matches_nothing_is_written_over
names are encoded otherwise than by the connector | core/test_host_names.py::test_a_live_rule_is_compared_as_the_connector_does
a bastion is told of services that the connector takes first | attacks/test_origin_settings.py::test_bastion_mode_makes_a_bastion_of_an_address_alone
a rule that is made a bastion is told by its address | attacks/test_origin_settings.py::test_a_rules_own_false_is_no_bastion
an unknown key in a selector is ignored | kinds/test_selectors.py::test_what_is_not_understood_is_kept_and_seen
a mail in other letters is told as another person | behaviour/test_who_gains.py::test_a_mail_in_other_letters_is_the_same_person
a bookmark blocks its host | attacks/test_identity.py::test_f7_a_tile_is_in_nobodys_way
A first day:
one wrong zone is told once a host, and the right one is not named | behaviour/test_beforehand.py::test_a_name_in_no_zone_is_told_once
a reference to nothing waits for a second run | behaviour/test_all_at_once.py::test_a_reference_to_nothing_is_told_beside_all_else_that_is_wrong
what is there and wrong is called missing | behaviour/test_all_at_once.py::test_what_is_there_and_wrong_is_not_called_missing
a file that cannot be read hides what is wrong in others | behaviour/test_all_at_once.py::test_a_file_that_cannot_be_read_hides_nothing_but_references
a name is refused once for each object of its host | behaviour/test_all_at_once.py::test_a_name_of_a_host_is_refused_once
a blank that is no space is not named | behaviour/test_all_at_once.py::test_a_line_that_begins_with_another_blank_is_named
a CA that is no longer wanted stays without a word | behaviour/test_taking_away.py::test_a_ca_that_is_no_longer_wanted_is_told_to_stay
a list in a variable is told many times | behaviour/test_all_at_once.py::test_a_variable_that_holds_a_list_is_told_once
there is no place for values that aliases share | behaviour/test_all_at_once.py::test_values_for_aliases_have_a_place
an id of nothing live is met in mid-apply | behaviour/test_named_by_id.py::test_an_id_that_nothing_live_has_is_an_error_at_its_place
one reason is refused once an object | behaviour/test_said_truly.py::test_refusals_for_one_reason_are_one
a plan makes a name up | behaviour/test_said_truly.py::test_a_plan_makes_no_name_up
a country alone is refused in words that are not true | behaviour/test_said_truly.py::test_a_country_alone_is_refused_for_what_it_is
a live tunnel that is managed remotely is not looked into | behaviour/test_said_truly.py::test_a_live_tunnel_that_is_managed_remotely_is_looked_into
history does not say who | cli/test_cli_history.py::test_who_ran_it_is_told
a file that is no journal is one without runs | cli/test_cli_history.py::test_a_file_that_is_no_journal_is_told
the next command lacks the options of this one | cli/test_cli_apply.py::test_the_next_command_is_told_whole
addresses and hosts are not completed | cli/test_cli_commands.py::test_values_are_completed
a host without a CA gets no block for clients | ssh/test_ssh_guide.py::test_without_a_ca_there_is_a_way_to_log_in_too
a host that moves and changes at once gains and loses the same | behaviour/test_who_gains.py::test_what_changes_for_those_who_are_moved_is_told_with_it
a host is no address | behaviour/test_hosts_by_name.py::test_a_target_is_what_the_host_alone_needs
a rename makes another CA | behaviour/test_hosts_by_name.py::test_a_host_that_is_renamed_keeps_its_ca
a block with `cfpipe-` runs no scp and no editor | ssh/test_ssh_client_install.py::test_an_old_block_gives_way
a path with a blank breaks the block of a laptop | ssh/test_ssh_client_config.py::test_ssh_reads_each_kind_of_host
a bastion has no way in without a destination | cli/test_cli_client_rendering.py::test_machines_behind_a_bastion
lines are wider than the terminal | views/test_view_compact.py::test_no_line_is_wider_than_the_terminal
Access below a zone:
a zone's guard counts as one | attacks/test_zone_applications.py::test_a_guard_that_only_a_zone_lists_is_not_relied_on
a policy that a zone's application uses opens it unseen | attacks/test_zone_applications.py::test_a_wider_policy_opens_what_a_zone_guards_with_it
a group of a zone counts as closed | attacks/test_zone_applications.py::test_a_group_of_the_zone_never_counts_as_closed
every plan asks every zone | attacks/test_zone_applications.py::test_a_plan_that_opens_and_closes_nothing_asks_no_zone
a zone keeps no Access of its own | sandbox/test_zone_access.py::test_objects_of_a_zone_are_in_no_list_of_the_account
Migration of a tunnel:
names move to a tunnel that nobody runs, or that runs older rules | behaviour/test_tunnel_migration.py::test_names_move_only_to_a_connector
names move to a tunnel that serves them otherwise than the old one | behaviour/test_tunnel_migration.py::test_other_rules_than_the_server_s_are_refused
a record that no file names goes on to lead to a tunnel that is deleted | behaviour/test_tunnel_migration.py::test_a_record_of_nobody_s_is_named
an apply leads names back while others have moved | crash/test_migration_cut.py::test_a_step_that_was_cut_off_is_taken_up
a name by which the twin is tried out counts as moved, and the next apply moves the rest | behaviour/test_tunnel_migration.py::test_a_name_by_which_the_twin_is_tried_out_moves_nothing
What is known beforehand:
a service, path, name or rule that is refused later passes validate | behaviour/test_beforehand.py::test_a_mistake_of_the_file_is_an_error_at_its_place
what is valid and dead passes unseen | behaviour/test_beforehand.py::test_what_is_valid_and_dead_is_a_warning_at_its_place
what the service takes is refused | behaviour/test_beforehand.py::test_what_is_right_is_taken
a path that Go does not compile passes, or one that it compiles does not | core/test_go_regexp.py::test_what_is_taken_is_what_the_oracle_compiles
a file passes that costs a tunnel its new configuration | kinds/test_connector_rules.py::test_what_a_file_may_say_a_connector_takes
a file passes that the API refuses in the midst of an apply | kinds/test_connector_rules.py::test_what_a_file_may_say_the_sandbox_takes
the sandbox takes a configuration that a connector refuses | kinds/test_connector_rules.py::test_what_the_sandbox_takes_a_connector_takes
the sandbox's edge answers by another rule than a connector | kinds/test_connector_rules.py::test_the_sandboxs_edge_answers_by_the_rule_of_a_connector
the model leaves out the rule that answers | kinds/test_connector_rules.py::test_the_model_counts_with_the_rule_that_answers
a check of the whole tunnel lacks the team, and counts as one | behaviour/test_beforehand.py::test_a_team_is_filled_in_wherever_a_check_is_written
a check without a team counts as one | attacks/test_origin_settings.py::test_a_check_without_a_team_is_none
one policy is listed twice | attacks/test_identity.py::test_a_policy_that_is_listed_twice_is_told_by_validate
a rule about a provider of another type passes | behaviour/test_beforehand.py::test_a_rule_is_about_a_provider_of_its_type
a policy that nobody could pass is made | behaviour/test_beforehand.py::test_a_policy_that_nobody_could_pass_is_not_made
a comment longer than the zone's plan allows fails in mid-apply | behaviour/test_beforehand.py::test_a_comment_is_measured_by_the_plan_of_its_zone
tags on a plan without them fail in mid-apply | behaviour/test_beforehand.py::test_some_settings_are_for_paid_plans
a record of another product is to be replaced | behaviour/test_beforehand.py::test_a_record_of_another_product_is_not_taken_over
an internal zone takes the public one's place | behaviour/test_beforehand.py::test_an_internal_zone_is_no_zone_of_ours
of two zones of one name the first is taken | behaviour/test_beforehand.py::test_two_zones_of_one_name_are_a_problem
a zone that the token may not edit fails in mid-apply | behaviour/test_beforehand.py::test_a_token_that_may_not_edit_a_zone_plans_and_does_not_apply
a name two levels below its zone fails in the TLS handshake | behaviour/test_beforehand.py::test_a_name_two_levels_below_its_zone_is_warned_of_once
a tunnel with private routes is found out at its deletion | behaviour/test_private_routes.py::test_a_tunnel_with_somebody_elses_route_is_not_deleted
The first hour:
a policy or group that was just made fails the first apply | behaviour/test_first_hour.py::test_a_policy_and_a_group_just_made_are_waited_for
what never was is waited for without an end | behaviour/test_first_hour.py::test_what_never_was_is_told_after_a_bounded_time
a header that never changes switches pacing off | cloudflare/test_rate_budget.py::test_no_header_switches_our_own_count_off
many writes run into the block of five minutes | cloudflare/test_client_sandbox.py::test_headers_that_say_the_same_for_ever_let_no_limit_be_hit
a call fails by a limit that does not say for how long | cloudflare/test_client_sandbox.py::test_no_call_fails_by_a_limit_that_others_use_up
a 429 without a time is repeated within seconds | cloudflare/test_retry_table.py::test_a_429_that_does_not_say_for_how_long_outlasts_a_block
a valid token that is throttled lacks a permission | behaviour/test_first_hour.py::test_a_403_in_mid_run_on_what_worked_before_fails_nothing
a mark or a lock needs a dot in a tag's name | engine/test_engine_lock.py::test_no_mark_is_a_flag_and_no_flag_a_mark
the sandbox takes a dot in a tag's name | sandbox/test_tags_groups.py::test_no_tag_holds_a_dot
a tag that exists is known by one status alone | kinds/test_kind_creation.py::test_a_tag_that_exists_is_made
a lock's tag that exists is known by one status alone | engine/test_engine_lock.py::test_a_flag_that_is_told_to_exist_is_the_runs_own
the probes come in no order | contract/test_contract_harness.py::test_what_decides_most_comes_first
a table of probes tells whose account it is | contract/test_contract_harness.py::test_the_table_says_nothing_of_whose_account_it_is
probes that are cut off leave objects behind | contract/test_contract_harness.py::test_what_a_run_leaves_is_deleted_when_it_is_interrupted
The sandbox:
a recorded exchange is answered in another shape | sandbox/test_recorded.py::test_answers_in_the_recorded_shape
a recorded list is not read | kinds/test_recorded_replies.py::test_a_recorded_list_is_read
a recorded refusal is not understood | kinds/test_recorded_replies.py::test_a_recorded_refusal_is_understood
a fresh configuration is not found | sandbox/test_as_answered.py::test_a_fresh_configuration_is_version_0_without_a_document
private routing is not added to a configuration | sandbox/test_as_answered.py::test_warp_routing_is_added_where_it_was_left_out
a configuration drops what nobody describes | sandbox/test_as_answered.py::test_a_configuration_keeps_what_nobody_describes
a configuration names its account | sandbox/test_as_answered.py::test_a_configuration_names_no_account
a bad configuration is told in words of our own | sandbox/test_as_answered.py::test_a_bad_configuration_is_told_in_cloudflareds_words
lists of tunnels tell how many pages there are | sandbox/test_as_answered.py::test_tunnels_come_by_a_thousand_and_say_no_number_of_pages
a new tunnel was never inactive | sandbox/test_as_answered.py::test_a_new_tunnel_is_inactive_since_it_was_made
a deleted tunnel has a configuration source | sandbox/test_as_answered.py::test_a_deleted_tunnel_has_no_configuration_source
a tunnel holds its connections | sandbox/test_as_answered.py::test_a_tunnel_does_not_tell_its_connections
a connector at version 0 tells a version | sandbox/test_as_answered.py::test_a_connector_tells_a_version_once_there_is_one
rate headers count down | sandbox/test_rate_limit.py::test_headers_may_say_the_same_for_ever
inline and reusable policies exclude each other | sandbox/test_as_answered.py::test_inline_and_reusable_policies_stand_beside_each_other
destinations that are Workers are refused | sandbox/test_kept_members.py::test_destinations_of_other_types_come_back
the edge does not know public paths | attacks/test_public_paths.py::test_an_override_ends_where_its_place_ends
a policy shows switches that are off | sandbox/test_as_answered.py::test_a_policy_tells_no_switch_that_is_off
what a PUT leaves out is reset, always | sandbox/test_kept_members.py::test_what_a_put_leaves_out_is_kept
an identical configuration is a new version | sandbox/test_as_answered.py::test_an_identical_configuration_leaves_the_version_alone
a malformed id of a record is an unknown one | sandbox/test_as_answered.py::test_a_malformed_record_id_is_no_record
a reusable policy is written through an application | sandbox/test_as_answered.py::test_what_is_sent_with_a_reusable_policy_is_ignored
a batch answers an empty list | sandbox/test_as_answered.py::test_a_batch_is_null_where_nothing_was_asked
a hundred zones a page are refused | sandbox/test_as_answered.py::test_a_hundred_zones_a_page_are_taken
an unknown record is told without its id | sandbox/test_as_answered.py::test_an_unknown_record_is_told_by_its_id
a clash of records names no page | sandbox/test_as_answered.py::test_a_clash_of_records_names_a_page_to_read
a malformed id of a zone has two errors | sandbox/test_as_answered.py::test_a_malformed_zone_id_is_told_with_its_whole_path
a wrong method has the code of a wrong path | sandbox/test_as_answered.py::test_a_wrong_method_is_no_matter_of_permissions
what is not found has a reason | sandbox/test_as_answered.py::test_what_is_not_found_is_told_without_a_reason
an empty list of records has no page | sandbox/test_as_answered.py::test_an_empty_list_of_records_has_one_page
the message of a valid token has no type | sandbox/test_as_answered.py::test_a_valid_token_is_told_with_a_type_of_null
a zone does not tell what the token may do | sandbox/test_as_answered.py::test_a_zone_tells_what_the_token_may_do
a taken name of a tunnel has one way out | sandbox/test_as_answered.py::test_a_taken_tunnel_name_is_told_with_both_ways_out
a session of WARP is refused in other words | sandbox/test_as_answered.py::test_warp_sessions_are_refused_in_the_services_words
records of one name come in no order | sandbox/test_as_answered.py::test_records_of_one_name_come_newest_first
an application shows switches that are off | sandbox/test_as_answered.py::test_an_application_tells_no_switch_that_is_off
a short secret of a tunnel is refused | sandbox/test_as_answered.py::test_a_tunnel_secret_may_be_shorter_than_documented
a provider's id has to be a UUID | sandbox/test_as_answered.py::test_a_group_may_name_a_provider_by_no_uuid
a service token for ever has no end | sandbox/test_as_answered.py::test_a_token_for_ever_has_an_end
a provider does not tell where it redirects | sandbox/test_as_answered.py::test_a_provider_tells_where_it_redirects
a provider that an application allows stays | sandbox/test_as_answered.py::test_a_provider_that_an_application_allows_is_deleted
a deleted network can be read | sandbox/test_as_answered.py::test_a_deleted_virtual_network_cannot_be_read
a wrong range is told in other words | sandbox/test_as_answered.py::test_a_wrong_network_is_told_as_an_invalid_address
a Global API key is known beside tokens | sandbox/test_as_answered.py::test_a_global_api_key_is_unknown_where_tokens_are_defined
a Global API key is refused | sandbox/test_as_answered.py::test_a_global_api_key_is_taken
null in the organisation is kept | sandbox/test_as_answered.py::test_null_clears_a_member_of_the_organisation
a new organisation is told otherwise than recorded | sandbox/test_as_answered.py::test_an_organisation_is_told_as_recorded
a mail record cannot lead nowhere | sandbox/test_as_answered.py::test_a_mail_record_may_lead_nowhere
times of comments stay when the comment goes | sandbox/test_as_answered.py::test_times_of_comments_go_with_them
awkward answers are of a sort that nobody has seen | sandbox/test_whims.py::test_what_confuses_other_clients_is_not_done
applications that guard no host cannot be held | sandbox/test_tiles.py::test_a_tile_shows_what_was_sent
wrong provisioning is taken | sandbox/test_as_answered.py::test_wrong_provisioning_is_refused
credentials of provisioning come back | sandbox/test_as_answered.py::test_provisioning_comes_back_without_its_credentials
unknown members of an object are dropped | sandbox/test_as_answered.py::test_a_member_that_nobody_describes_can_be_kept_and_dropped
unknown members inside an object are dropped | sandbox/test_kept_members.py::test_what_the_account_holds_survives_a_put_at_every_depth
a misspelt member inside an object passes unseen | sandbox/test_kept_members.py::test_what_nobody_knows_is_noted_at_every_depth
records with data cannot be held | sandbox/test_as_answered.py::test_records_with_data_lie_beside_ours
a record of another product can be written | sandbox/test_as_answered.py::test_a_record_of_another_product_is_only_read
an internal zone cannot be held | sandbox/test_as_answered.py::test_an_internal_zone_lies_beside_one_of_its_name
a policy that was just made is known at once, always | sandbox/test_delays.py::test_a_new_policy_is_not_found_for_a_while
a list with a policy that was just made never fails | sandbox/test_delays.py::test_the_list_fails_while_an_application_holds_a_new_policy
model and edge disagree about some policies | core/test_admission_agreement.py::test_whoever_gets_in_may_enter_by_the_model
model and edge disagree about some doors | core/test_exposure_agreement.py::test_where_a_stranger_gets_in_the_model_says_so
"""  # noqa: E501 - a row is one line

ROWS = [tuple(line.split(" | ")) for line in TABLE.splitlines() if " | " in line]


@cache
def names_in(file: str) -> frozenset[str]:
    """The tests of a file, by reading it."""
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(one.name for one in functions if one.name.startswith("test_"))


@pytest.mark.parametrize(("fault", "test"), ROWS, ids=[fault for fault, _ in ROWS])
def test_a_fault_has_its_test(fault: str, test: str) -> None:
    """The test that a row names is there, and no other row is about the fault."""
    file, _, name = test.partition("::")

    assert name in names_in(file)
    assert Counter(one for one, _ in ROWS)[fault] == 1


def test_every_line_is_a_row_or_a_heading() -> None:
    """None is left out because it is misspelt."""
    lines = list(filter(None, TABLE.splitlines()))

    assert len(lines) == len(ROWS) + sum(line.endswith(":") for line in lines)


def test_every_fact_that_was_answered_is_a_row() -> None:
    """No test of what real accounts answered is left out of the table."""
    assert {f"{ANSWERED}::{name}" for name in names_in(ANSWERED)} <= {test for _, test in ROWS}
