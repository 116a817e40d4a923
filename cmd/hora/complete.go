package main

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
)

// Limits of completion: a shell waits for it.
const (
	completeTime = 2 * time.Second
	completed    = 200 // names at most
)

// plainName is what a filter takes without quotes, in which a star is no wildcard.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*`)

// completeJobs offers names of jobs of the server.
func (k *connection) completeJobs(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 && !strings.Contains(cmd.Use, "…") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeTime)
	defer cancel()
	server, client, _, err := k.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	if server.Release() == api.Hora {
		filter := ""
		if safe := plainName.FindString(begun); safe != "" { // the rest is looked at below
			filter = "name:" + safe + "*"
		}
		rows, _, err := client.List(ctx, filter, "name", 10*completed, "name")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		for _, r := range rows {
			names = append(names, r.Name)
		}
	} else if known, err := server.Jobs(ctx); err == nil {
		for name := range known.Jobs {
			names = append(names, name)
		}
	}
	var out []string
	for _, n := range names {
		if strings.HasPrefix(n, begun) && len(out) < completed {
			out = append(out, n)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeWords offers the words that a flag may have.
func completeWords(c *cobra.Command, flag string, words ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
