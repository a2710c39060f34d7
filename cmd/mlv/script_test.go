package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"mlv": main}) }

// TestScript runs testdata/script/<command>/<case>.txtar, each in an empty
// folder of its own, with a home, a git identity and a clock that are not the
// machine's.
func TestScript(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/script/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no folder of scripts (%v): a test that matches nothing must fail", err)
	}
	python := pythonFolder(t)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                 dir,
				UpdateScripts:       *update,
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
				Setup:               func(e *testscript.Env) error { return isolate(e, python) },
				Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
			})
		})
	}
}

// isolate makes a script independent of who runs it and when.
func isolate(e *testscript.Env, python string) error {
	home := filepath.Join(e.WorkDir, ".home")
	// testscript's own folder, which holds mlv, stays first.
	commands, rest, _ := strings.Cut(e.Getenv("PATH"), string(os.PathListSeparator))
	rest = string(os.PathListSeparator) + rest
	for name, value := range map[string]string{
		"HOME":                home,
		"USERPROFILE":         home,
		"XDG_CONFIG_HOME":     filepath.Join(home, ".config"),
		"GIT_CONFIG_NOSYSTEM": "1",
		"GIT_CONFIG_GLOBAL":   filepath.Join(home, ".gitconfig"),
		"GIT_AUTHOR_DATE":     "2024-01-02T03:04:05Z",
		"GIT_COMMITTER_DATE":  "2024-01-02T03:04:05Z",
		// Caches of Python beside the stages would differ between runs.
		"PYTHONDONTWRITEBYTECODE": "1",
		"PATH":                    commands + string(os.PathListSeparator) + python + rest,
	} {
		e.Setenv(name, value)
	}
	if err := os.Mkdir(home, 0o755); err != nil {
		return err
	}
	identity := "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
	return os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(identity), 0o644)
}

// pythonFolder returns the folder of the real interpreter: what stands on PATH
// may be a shim that looks for its settings in the home that scripts lack.
func pythonFolder(t *testing.T) string {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatalf("scripts need python3: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// exits runs a command and checks its exact status: "exits 3 mlv status -q".
// The "!" prefix of testscript accepts any failure, a panic included.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v: exit status %d, want %d", args[1:], got, want)
	}
}
