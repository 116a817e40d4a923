package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/submit/jobfile"
)

func fmtCommand() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "fmt [flags] FILE…",
		Short: "Put the fields of job files in order",
		Long: `Write job files (.yaml, .yml, .json) anew: fields in the order of docs/jobfile.md,
two blanks a level, an empty line between jobs. Comments stay, values stay as
they are written. Folders are searched for job files. The names of files that
change are printed. HOCON (.conf) is not written anew: such a file is left alone in
a folder, and refused by its name.`,
		Example: "  hora fmt jobs\n  hora fmt --check jobs/*.yaml",
		Args:    arguments(cobra.MinimumNArgs(1)),
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing; exit with 3 if a file would change")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		names, err := jobfile.Files(args...)
		if err != nil {
			return usageError{err}
		}
		changed := 0
		for _, name := range names {
			old, err := os.ReadFile(name)
			if err != nil {
				return usageError{err}
			}
			text, err := jobfile.Format(name, old)
			switch {
			case errors.Is(err, jobfile.ErrNoFormat) && !slices.Contains(args, name):
				continue // of a folder
			case err != nil:
				return usageError{err}
			case bytes.Equal(old, text):
				continue
			}
			changed++
			fmt.Fprintln(cmd.OutOrStdout(), name)
			if check {
				continue
			}
			if err := replaceFile(name, text); err != nil {
				return err
			}
		}
		if check && changed > 0 {
			return codeError{fmt.Errorf("%d of %d files are not as hora fmt writes them", changed, len(names)), exitDiffers}
		}
		return nil
	}
	return c
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of job files",
		Long:    "Print the JSON Schema (2020-12) of job files. Editors complete and check by it.",
		Example: "  hora schema > jobfile.schema.json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := jobfile.Schema()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
