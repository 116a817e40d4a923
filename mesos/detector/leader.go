package detector

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
)

// Labels of nodes, which tell how a node says who its master is (Mesos
// contract 1.4). Masters since 0.24 write labelJSON.
const (
	labelJSON = "json.info"
	labelInfo = "info" // MasterInfo in protobuf
	labelPID  = ""     // master@host:port
)

// candidate is a node of a master.
type candidate struct {
	name     string
	label    string
	sequence int64
}

// candidates returns the nodes of masters among the children of a group, the
// leader's first: it has the smallest sequence number (Mesos contract 1.4).
func candidates(children []string) []candidate {
	var out []candidate
	for _, name := range children {
		c := candidate{name: name}
		number := name
		if at := strings.LastIndexByte(name, '_'); at >= 0 {
			c.label, number = name[:at], name[at+1:]
		}
		var err error
		if c.sequence, err = strconv.ParseInt(number, 10, 64); err != nil {
			continue // such as log_replicas
		}
		if c.label == labelJSON || c.label == labelInfo || c.label == labelPID {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b candidate) int {
		switch {
		case a.sequence != b.sequence && a.sequence < b.sequence:
			return -1
		case a.sequence != b.sequence:
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	return out
}

// master is what a node says of a master.
type master struct {
	host, ip string
	port     int
}

// masterJSON is the part of MasterInfo in JSON that is wanted.
type masterJSON struct {
	Address struct {
		Hostname string
		IP       string
		Port     int
	}
	Hostname string
	IP       uint32
	Port     int
	PID      string
}

// parseMaster reads a node.
func parseMaster(label string, data []byte) (master, error) {
	var m master
	switch label {
	case labelPID:
		return parsePID(string(data))
	case labelInfo:
		var info mesosv1.MasterInfo
		if err := unmarshal(&info, data); err != nil {
			return m, err
		}
		m = master{info.GetAddress().GetHostname(), info.GetAddress().GetIP(), int(info.GetAddress().GetPort())}
		return m.orElse(info.GetHostname(), info.IP, int(info.GetPort()), info.GetPID())
	}
	var info masterJSON
	if err := json.Unmarshal(data, &info); err != nil {
		return m, err
	}
	m = master{info.Address.Hostname, info.Address.IP, info.Address.Port}
	return m.orElse(info.Hostname, info.IP, info.Port, info.PID)
}

// unmarshal decodes protobuf; the generated code can panic on lengths that overflow.
func unmarshal(info *mesosv1.MasterInfo, data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("no MasterInfo: %v", p)
		}
	}()
	return info.Unmarshal(data)
}

// orElse fills what the address did not say with what older fields say.
func (m master) orElse(host string, ip uint32, port int, pid string) (master, error) {
	old, _ := parsePID(pid)
	if m.host == "" {
		m.host = host
	}
	if m.ip == "" && ip != 0 { // in network order, read as a little-endian number
		m.ip = net.IPv4(byte(ip), byte(ip>>8), byte(ip>>16), byte(ip>>24)).String()
	}
	if m.ip == "" {
		m.ip = old.ip
	}
	for _, p := range []int{port, old.port} {
		if m.port == 0 {
			m.port = p
		}
	}
	return m, m.check()
}

func (m master) check() error {
	switch {
	case m.host == "" && m.ip == "":
		return errors.New("it names neither host nor address")
	case m.port <= 0 || m.port > 65535:
		return fmt.Errorf("its port is %d, expected 1 to 65535", m.port)
	}
	return nil
}

// parsePID reads master@ip:port.
func parsePID(text string) (master, error) {
	_, address, found := strings.Cut(text, "@")
	host, port, err := net.SplitHostPort(address)
	if !found || err != nil {
		return master{}, errors.New("it is not of the form master@address:port")
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return master{}, errors.New("its port is no number")
	}
	m := master{ip: host, port: n}
	return m, m.check()
}

// base returns the master's URL. Certificates are made out to names, and names
// may be unknown here, so the name is taken for https and the address for http.
func (m master) base(scheme string) string {
	host := m.ip
	if scheme == "https" && m.host != "" || host == "" {
		host = m.host
	}
	u := url.URL{Scheme: scheme, Host: net.JoinHostPort(host, strconv.Itoa(m.port))}
	return u.String()
}
