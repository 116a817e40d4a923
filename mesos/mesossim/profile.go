package mesossim

import (
	"fmt"
	"strings"
)

// Profile is the minor version of Mesos 1.x whose behaviour is simulated.
type Profile int

// The profiles that are distinguished (Mesos contract 6). Mesos1_3 is the
// version of the recordings.
const (
	Mesos1_0  Profile = 0
	Mesos1_3  Profile = 3
	Mesos1_4  Profile = 4
	Mesos1_11 Profile = 11
)

// ParseProfile reads a version such as "1.11" or "1.3.2".
func ParseProfile(s string) (Profile, error) {
	for _, p := range []Profile{Mesos1_0, Mesos1_3, Mesos1_4, Mesos1_11} {
		short := fmt.Sprintf("1.%d", int(p))
		if s == short || strings.HasPrefix(s, short+".") {
			return p, nil
		}
	}
	return 0, fmt.Errorf("mesos version %q: expected 1.0, 1.3, 1.4 or 1.11", s)
}

// Version is the full version that a master of the profile calls itself.
func (p Profile) Version() string {
	switch p {
	case Mesos1_0:
		return "1.0.4"
	case Mesos1_3:
		return "1.3.2"
	case Mesos1_4:
		return "1.4.3"
	}
	return fmt.Sprintf("1.%d.0", int(p))
}

// since says from which minor version on an enum value or field exists, for
// those that are younger than 1.0 (Mesos contract 6 and 12).
var since = map[string]Profile{
	"mesos.FrameworkInfo_Capability_Type/SHARED_RESOURCES":       1,
	"mesos.FrameworkInfo_Capability_Type/PARTITION_AWARE":        1,
	"mesos.FrameworkInfo_Capability_Type/MULTI_ROLE":             2,
	"mesos.FrameworkInfo_Capability_Type/RESERVATION_REFINEMENT": 4,
	"mesos.FrameworkInfo_Capability_Type/REGION_AWARE":           4,
	"mesos.scheduler.Call_Type/ACKNOWLEDGE_OPERATION_STATUS":     5,
	"mesos.scheduler.Call_Type/RECONCILE_OPERATIONS":             5,
	"mesos.scheduler.Call_Type/UPDATE_FRAMEWORK":                 9,
	"mesos.Offer_Operation_Type/LAUNCH_GROUP":                    1,
	"mesos.Offer_Operation_Type/GROW_VOLUME":                     6,
	"mesos.Offer_Operation_Type/SHRINK_VOLUME":                   6,
	"mesos.Offer_Operation_Type/CREATE_DISK":                     7,
	"mesos.Offer_Operation_Type/DESTROY_DISK":                    7,
	"suppressed_roles":             4,
	"max_completion_time":          6,
	"acknowledge_operation_status": 5,
	"reconcile_operations":         5,
	"update_framework":             9,
}

// KnowsEnum tells whether masters of the profile know an enum value; enum is its
// full protobuf name.
func (p Profile) KnowsEnum(enum, value string) bool { return p >= since[enum+"/"+value] }

// KnowsField tells whether masters of the profile know a field.
func (p Profile) KnowsField(name string) bool { return p >= since[name] }
