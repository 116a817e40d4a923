package cluster

import (
	"encoding/json"
	"net"
	"strconv"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// nodeData is what a master writes into its node (recording zookeeper_nodes).
func nodeData(who mesossim.MasterIdentity, version string) []byte {
	type address struct {
		Hostname string `json:"hostname"`
		IP       string `json:"ip"`
		Port     int    `json:"port"`
	}
	var packed uint32
	if ip := net.ParseIP(who.IP).To4(); ip != nil {
		packed = uint32(ip[0]) | uint32(ip[1])<<8 | uint32(ip[2])<<16 | uint32(ip[3])<<24
	}
	data, err := json.Marshal(struct {
		Address  address `json:"address"`
		Hostname string  `json:"hostname"`
		ID       string  `json:"id"`
		IP       uint32  `json:"ip"`
		PID      string  `json:"pid"`
		Port     int     `json:"port"`
		Version  string  `json:"version"`
	}{
		address{who.Hostname, who.IP, who.Port}, who.Hostname, who.ID, packed,
		"master@" + net.JoinHostPort(who.IP, strconv.Itoa(who.Port)), who.Port, version,
	})
	if err != nil {
		panic(err) // there is nothing in it that could fail
	}
	return data
}
