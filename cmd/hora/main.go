// Command hora schedules jobs on Apache Mesos.
package main

func main() {}
