package cluster

import (
	"strings"
	"testing"
)

// replayed are the recordings that are played against the handler, all their
// answers and events being compared but for what skipped says.
var replayed = []string{
	"accept_empty_operations",
	"agent_lost",
	"agent_lost_partition_aware",
	"agent_restart_checkpointed",
	"agent_restart_not_checkpointed",
	"agent_shutdown_graceful",
	"bad_bodies_pb",
	"basic_auth",
	"call_checks",
	"codecs_mixed",
	"decline_long_then_revive",
	"standby_redirect",
	"master_from_first_moment",
	"maintenance",
	"master_failover",
	"completed_id_at_new_master",
	"decline_refuse_0",
	"decline_refuse_0_pb",
	"decline_refuse_1_and_3",
	"decline_refuse_60",
	"decline_refuse_default_and_negative",
	"disconnect_without_failover_timeout",
	"failover_timeout_expiry",
	"hundred_tasks_one_accept_pb",
	"health_checks",
	"hundred_tasks_one_accept",
	"invalid_offers",
	"invalid_offers_partition_aware",
	"invalid_offers_partition_aware_pb",
	"kill_grace",
	"kill_running",
	"kill_running_pb",
	"later_version_fields",
	"leftover_and_freed",
	"offer_timeout_rescind",
	"operator_master",
	"reconcile",
	"reconcile_partition_aware",
	"reconcile_partition_aware_pb",
	"resubscribe_after_disconnect",
	"resubscribe_after_teardown",
	"resubscribe_after_teardown_pb",
	"resubscribe_takeover",
	"resubscribe_takeover_pb",
	"role_framework",
	"scheduler_methods_and_paths",
	"subscribe_accept",
	"subscribe_bad_body",
	"subscribe_content_type",
	"subscribe_fresh",
	"subscribe_fresh_pb",
	"subscribe_http_details",
	"subscribe_info_errors",
	"subscribe_unknown_id",
	"suppress_revive",
	"suppress_revive_pb",
	"task_description_invalid",
	"task_environment",
	"task_failures",
	"task_failures_pb",
	"task_finished",
	"task_finished_pb",
	"task_id_reuse",
	"task_resources_invalid",
	"task_shell_false",
	"task_unknown_user",
	"task_uris",
	"teardown_with_tasks",
	"thousand_tasks_refused",
	"two_frameworks",
	"two_offers_one_agent",
	"two_tasks_one_accept",
	"two_tasks_one_accept_pb",
	"unacknowledged_and_takeover",
	"unacknowledged_resend",
}

// notReplayed are the others, and why.
var notReplayed = map[string]string{
	"operator_agent_and_sandbox": "its files are real ones in TestGoldenFiles; the rest is other tasks' state",
	"zookeeper_nodes":            "what is in the nodes is compared in TestRecordedNodes",
}

// drifting are recordings in which the real allocator's interval, a second and
// a millisecond, decides what comes first.
var drifting = map[string]bool{"leftover_and_freed": true, "offer_timeout_rescind": true}

// skipped tells of the steps that the simulated master does not answer: the
// operator API, and what the agents serve (tested with real files elsewhere).
func skipped(s *step) bool {
	path, _, _ := strings.Cut(s.Request.Path, "?")
	switch path {
	case "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/scheduler/":
		return true
	}
	return path == "/" || strings.HasPrefix(path, "/files/")
}

func TestGolden(t *testing.T) {
	for _, name := range replayed {
		if notReplayed[name] != "" {
			t.Errorf("%s is in both tables", name)
		}
		t.Run(name, func(t *testing.T) { t.Parallel(); replayRecording(t, name) })
	}
}
