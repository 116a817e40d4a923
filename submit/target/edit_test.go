package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEdit: contexts are made, changed, chosen and deleted; comments and what
// is not meant stay, and the file is its owner's alone.
func TestEdit(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "new", "hora", "config.yaml")
	s := Sources{Config: name, Dir: t.TempDir(), Env: func(string) (string, bool) { return "", false }}
	steps := []struct {
		do   func() (*Config, error)
		want string
	}{
		{func() (*Config, error) { return s.Set(Context{Name: "prod", Server: "https://hora.example.com"}) },
			"contexts:\n  prod:\n    server: https://hora.example.com\ncurrent: prod\n"},
		{func() (*Config, error) {
			return s.Set(Context{Name: "dev", Server: "http://127.0.0.1:4400", User: "me", Password: "5"})
		}, "contexts:\n  prod:\n    server: https://hora.example.com\n  dev:\n    server: http://127.0.0.1:4400\n    user: me\n    password: \"5\"\ncurrent: prod\n"},
		{func() (*Config, error) { return s.Use("dev") },
			"contexts:\n  prod:\n    server: https://hora.example.com\n  dev:\n    server: http://127.0.0.1:4400\n    user: me\n    password: \"5\"\ncurrent: dev\n"},
		{func() (*Config, error) { return s.Set(Context{Name: "dev", Token: "t"}) },
			"contexts:\n  prod:\n    server: https://hora.example.com\n  dev:\n    server: http://127.0.0.1:4400\n    token: t\ncurrent: dev\n"},
		{func() (*Config, error) { return s.Delete("dev") },
			"contexts:\n  prod:\n    server: https://hora.example.com\n"},
		{func() (*Config, error) { return s.Delete("prod") }, "contexts: {}\n"},
		{func() (*Config, error) { return s.Set(Context{Name: "a", Server: "http://a"}) },
			"contexts:\n  a:\n    server: http://a\ncurrent: a\n"},
	}
	for i, step := range steps {
		if _, err := step.do(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		text, err := os.ReadFile(name)
		if err != nil || string(text) != step.want {
			t.Fatalf("step %d: %v\n%s, want\n%s", i, err, text, step.want)
		}
		if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
			t.Errorf("step %d: mode %o", i, info.Mode())
		}
	}

	// comments stay, a link stays one, and a mode that others can read does not
	dir := t.TempDir()
	real := write(t, filepath.Join(dir, "dotfiles.yaml"), "# mine\n"+strings.TrimPrefix(contexts, "\n"), 0o644)
	s.Config = filepath.Join(dir, "config.yaml")
	if err := os.Symlink(real, s.Config); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Use("dev"); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(real)
	if info, err := os.Lstat(s.Config); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if info, _ := os.Stat(real); info.Mode().Perm() != 0o600 || !strings.HasPrefix(string(text), "# mine\ncurrent: dev # the usual one\n") {
		t.Errorf("%o\n%s", info.Mode(), text)
	}
	if found, err := s.Find(); err != nil || found.Name != "dev" {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestEditWrong: what is wrong is told, and the file stays as it was.
func TestEditWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, text string
		do         func(Sources) (*Config, error)
		want       string
	}{
		{"c.yaml", contexts, func(s Sources) (*Config, error) { return s.Use("nothing") }, `there is no context "nothing" in `},
		{"c.yaml", "", func(s Sources) (*Config, error) { return s.Use("a") }, `there is no context "a": `},
		{"c.yaml", contexts, func(s Sources) (*Config, error) { return s.Delete("nothing") }, `want one of: prod, dev`},
		{"c.yaml", contexts, func(s Sources) (*Config, error) { return s.Set(Context{Server: "http://a"}) }, "needs a name"},
		{"c.yaml", contexts, func(s Sources) (*Config, error) { return s.Set(Context{Name: "x", User: "u"}) }, `the context "x" has no server`},
		{"c.yaml", contexts, func(s Sources) (*Config, error) { return s.Set(Context{Name: "x", Server: "here"}) }, `server: "here": want a URL`},
		{"c.yaml", contexts, func(s Sources) (*Config, error) {
			return s.Set(Context{Name: "x", Server: "http://a", TokenFile: "/nowhere"})
		}, "tokenFile: stat /nowhere"},
		{"c.yaml", "contexts: [", func(s Sources) (*Config, error) { return s.Use("a") }, "is not YAML"},
		{"c.yaml", "a: 1", func(s Sources) (*Config, error) { return s.Use("a") }, `unknown key "a"`},
		{"c.json", "{}", func(s Sources) (*Config, error) { return s.Set(Context{Name: "x", Server: "http://a"}) }, "only a file in YAML"},
	} {
		s := Sources{Env: func(string) (string, bool) { return "", false }}
		s.Config = write(t, filepath.Join(t.TempDir(), c.file), c.text, 0o600)
		_, err := c.do(s)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if text, _ := os.ReadFile(s.Config); string(text) != c.text {
			t.Errorf("%q was changed to %q", c.text, text)
		}
	}
	nowhere := Sources{Env: func(string) (string, bool) { return "", false }}
	if _, err := nowhere.Set(Context{Name: "x", Server: "http://a"}); err == nil || !strings.Contains(err.Error(), "HOME is not set") {
		t.Errorf("%v", err)
	}
}
