package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	yaml "go.yaml.in/yaml/v4"

	"github.com/hora-scheduler/hora/access"
)

// accessFlag adds the flag that names the access file.
func accessFlag(c *cobra.Command, to *string, meaning string) {
	c.Flags().StringVar(to, "access", "", meaning)
}

func tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke the tokens of an access file",
		Long: `Make, list and revoke the tokens that programs use instead of user and password.
Tokens live in the access file of hora serve (docs/access.md), as hashes, and
nowhere else: bring the file to all machines and send hora serve a SIGHUP.`,
		Args: arguments(cobra.NoArgs),
	}
	c.AddCommand(tokenCreateCommand(), tokenListCommand(), tokenRevokeCommand())
	return c
}

func tokenCreateCommand() *cobra.Command {
	var file, role, expires string
	c := &cobra.Command{
		Use:   "create NAME --role ROLE [flags]",
		Short: "Make a token",
		Long: `Make a token. It is printed once, on its own on the output; what belongs into the
access file is printed besides, or with --access written into the file. Only the
hash is kept: a token that is lost cannot be found again.`,
		Example: `  hora token create ci --role operator
  hora token create ci --role operator --expires 2027-12-31 --access /etc/hora/access.yaml > ci.token`,
		Args: arguments(cobra.ExactArgs(1)),
	}
	c.Flags().StringVar(&role, "role", "", "viewer, operator or admin")
	c.Flags().StringVar(&expires, "expires", "", "last day, or instant, at which it is good")
	accessFlag(c, &file, "write it into this access file")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := access.CheckName(args[0]); err != nil {
			return usageError{fmt.Errorf("%.120q: %w", args[0], err)}
		}
		if _, ok := access.ParseRole(role); !ok {
			return badFlag("role", role, "viewer, operator or admin")
		}
		if expires != "" {
			at, err := access.ParseExpiry(expires)
			if err != nil {
				return usageError{fmt.Errorf("--expires: %w", err)}
			}
			if !at.After(time.Now()) {
				return badFlag("expires", expires, "a day that is not over")
			}
		}
		var random [32]byte
		_, _ = rand.Read(random[:]) // it never fails
		token := access.NewToken(random)
		entry := []string{"name", args[0], "role", role, "hash", access.HashToken(token)}
		if expires != "" {
			entry = append(entry, "expires", expires)
		}
		if file == "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "below tokens: in the access file belongs\n  - %s\nThe token, which is shown this once:\n", entryText(entry))
		} else if err := editAccess(file, func(tokens *yaml.Node) error {
			tokens.Content = append(tokens.Content, entryNode(entry))
			return nil
		}); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), token)
		return err
	}
	return c
}

// entryNode is an entry of the access file, of names and values.
func entryNode(entry []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	for i, text := range entry {
		x := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
		if i%2 == 1 {
			x.Style = yaml.DoubleQuotedStyle
		}
		n.Content = append(n.Content, x)
	}
	return n
}

func entryText(entry []string) string {
	var parts []string
	for i := 0; i < len(entry); i += 2 {
		parts = append(parts, fmt.Sprintf("%s: %q", entry[i], entry[i+1]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// editAccess changes the tokens of an access file, and writes it if it is still
// one that hora serve takes. Comments stay.
func editAccess(file string, edit func(tokens *yaml.Node) error) error {
	if !strings.HasSuffix(file, ".yaml") && !strings.HasSuffix(file, ".yml") {
		return badFlag("access", file, "a file that ends with .yaml or .yml: others are to be edited by hand")
	}
	old, err := readPrivate(file)
	if err != nil {
		return usageError{fmt.Errorf("--access: %w", err)}
	}
	if _, err := access.Read(file, old); err != nil {
		return usageError{fmt.Errorf("--access: %w", err)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(old, &doc); err != nil {
		return usageError{fmt.Errorf("--access: %s: %w", file, err)}
	}
	if err := edit(tokensOf(doc.Content[0])); err != nil {
		return err
	}
	var out bytes.Buffer
	d, err := yaml.NewDumper(&out, yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(-1))
	if err != nil {
		return err
	}
	if err := errors.Join(d.Dump(&doc), d.Close()); err != nil {
		return err
	}
	if _, err := access.Read(file, out.Bytes()); err != nil {
		return fmt.Errorf("not written, as it would not be taken: %w", err)
	}
	return replaceFile(file, out.Bytes())
}

// tokensOf finds the list of tokens, or makes it.
func tokensOf(root *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "tokens" {
			list := root.Content[i+1]
			if list.Kind != yaml.SequenceNode {
				*list = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			}
			list.Style &^= yaml.FlowStyle
			return list
		}
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "tokens"}, list)
	return list
}

func tokenListCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:     "list --access FILE",
		Short:   "List who is in an access file",
		Long:    "List the tokens of an access file, and the users and certificates besides.",
		Example: "  hora token list --access /etc/hora/access.yaml",
		Args:    arguments(cobra.NoArgs),
	}
	accessFlag(c, &file, "the access file")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if file == "" {
			return badFlag("access", "", "the name of the access file")
		}
		p, err := readAccess(file)
		if err != nil {
			return usageError{fmt.Errorf("--access: %w", err)}
		}
		w := newTable(cmd.OutOrStdout(), "NAME", "ROLE", "BY", "EXPIRES")
		for _, x := range p.Principals() {
			expires := "-"
			if !x.Expires.IsZero() {
				if expires = x.Expires.UTC().Format(time.RFC3339); !x.Expires.After(time.Now()) {
					expires += " (over)"
				}
			}
			w.row(false, plain, x.Name, x.Role.String(), x.Kind.String(), expires)
		}
		return w.flush()
	}
	return c
}

func tokenRevokeCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "revoke NAME --access FILE",
		Short: "Take a token out of an access file",
		Long: `Take a token out of an access file. It is refused as soon as hora serve has read
the file again (SIGHUP), and so are the sessions that were made with it.`,
		Example: "  hora token revoke ci --access /etc/hora/access.yaml",
		Args:    arguments(cobra.ExactArgs(1)),
	}
	accessFlag(c, &file, "the access file")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if file == "" {
			return badFlag("access", "", "the name of the access file")
		}
		return editAccess(file, func(tokens *yaml.Node) error {
			i := slices.IndexFunc(tokens.Content, func(n *yaml.Node) bool { return memberOf(n, "name") == args[0] })
			if i < 0 {
				return fmt.Errorf("%s has no token of the name %.120q", file, args[0])
			}
			tokens.Content = slices.Delete(tokens.Content, i, i+1)
			return nil
		})
	}
	return c
}

func memberOf(n *yaml.Node, key string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func passwordCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "password",
		Short: "Make the hash of a password for the access file",
		Long: `Read a password, one line, from the input, and print its bcrypt hash for the access
file of hora serve (docs/access.md). A terminal does not show it. htpasswd -nB NAME
makes the same kind of hash.`,
		Example: "  hora password < password.txt",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := readSecret(cmd)
			if err != nil {
				return err
			}
			line := strings.TrimRight(string(text), "\r\n")
			if strings.ContainsAny(line, "\r\n\x00") {
				return usageError{errors.New("the input has more than one line")}
			}
			if n := len(line); n < 8 || n > access.MaxPassword {
				return usageError{fmt.Errorf("the password has %d bytes, want 8 to %d", n, access.MaxPassword)}
			}
			hash, err := access.HashPassword([]byte(line))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hash)
			return err
		},
	}
}
