package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be hora itself, when it is started under that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hora": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop)
			if code := run(ctx, os.Args[1:], os.Stdout, os.Stderr); code != 0 {
				exit(code)
			}
		},
	})
}

// exit ends the process that plays hora.
var exit = func(code int) { syscall.Exit(code) }

// TestScripts runs the conversations with the command line in testdata/script.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: os.Getenv("UPDATE") != ""})
}
