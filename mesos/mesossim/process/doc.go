// Package process runs the commands of simulated Mesos agents as real
// processes: a sandbox directory with stdout and stderr for each task, the
// environment that an executor sets, URIs fetched into the sandbox, another
// user when root asks for it, and kills of the whole process group.
//
// It knows tasks only as mesossim.LaunchSpec describes them and has no idea of
// frameworks, offers or updates. Containers and images are none of its
// business.
package process
