// Package wire writes and reads the messages of the Mesos v1 scheduler API in
// the shapes that a real master uses: JSON with members in alphabetical order,
// escaped slashes and doubles that always carry a fraction, JSON input with the
// master's own error texts, and RecordIO framing.
//
// It works on the generated types of mesos-go through their protobuf struct
// tags and knows nothing of frameworks, tasks or HTTP.
package wire
