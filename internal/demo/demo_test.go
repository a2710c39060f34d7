package demo

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/proc"
)

var update = flag.Bool("update", false, "rewrite testdata/demo.golden")

// isolate gives the story a home without settings.
func isolate(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "XDG_CONFIG_HOME"} {
		t.Setenv(name, home)
	}
}

// python puts the interpreter itself before a shim, which may look for its
// settings in the home that isolate takes away.
func python(t *testing.T) {
	t.Helper()
	path, err := proc.Find("python3")
	if err != nil {
		t.Skip("no python3")
	}
	out, err := proc.Output(t.Context(), proc.Cmd{Path: path, Args: []string{"-c", "import sys; print(sys.executable)"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(strings.TrimSpace(string(out)))+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func build(t *testing.T) string {
	t.Helper()
	goTool, err := proc.Find("go")
	if err != nil {
		t.Skip("no go command to build mlv with")
	}
	mlv := filepath.Join(t.TempDir(), "mlv.exe")
	if _, err := proc.Output(t.Context(), proc.Cmd{Path: goTool, Args: []string{"build", "-o", mlv, "../../cmd/mlv"}}); err != nil {
		t.Fatal(err)
	}
	return mlv
}

// masks hide what differs from run to run.
var masks = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\b[0-9.]+ ?(ms|s)\b`), "TIME"},
	{regexp.MustCompile(`\b[0-9]+(\.[0-9]+)? [kMG]?B/s`), "RATE"},
}

// The whole story, compared with the transcript that the README shows.
func TestStory(t *testing.T) {
	python(t)
	mlv := build(t)
	isolate(t)
	dir := filepath.Join(t.TempDir(), "demo")
	var out bytes.Buffer
	told, err := Run(t.Context(), Options{Dir: dir, MLV: mlv, Out: &out, Fast: true})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if told.Steps != len(steps) || told.Dir != dir {
		t.Errorf("%+v", told)
	}
	got := strings.ReplaceAll(out.String(), dir, "DIR")
	for _, m := range masks {
		got = m.what.ReplaceAllString(got, m.with)
	}
	golden := filepath.Join("testdata", "demo.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the transcript changed; go test ./internal/demo -update rewrites it (-want +got):\n%s", diff)
	}
}

func TestStoryRefusesAFolderWithFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err := Run(t.Context(), Options{Dir: dir, Out: &out, Fast: true})
	if errs.KindOf(err) != errs.Conflict || out.Len() > 0 {
		t.Errorf("%v, printed %q", err, out.String())
	}
	if names, err := os.ReadDir(dir); len(names) != 1 || err != nil {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// A program that does nothing but succeed does not do what the story says.
func TestStoryChecksWhatItSays(t *testing.T) {
	idle, err := proc.Find("true")
	if err != nil {
		t.Skip("no program that does nothing")
	}
	isolate(t)
	var out bytes.Buffer
	_, err = Run(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "demo"), MLV: idle, Out: &out, Fast: true})
	if err == nil || !strings.Contains(err.Error(), "step 1, Track data: git tracks") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestStorySaysWhichCommandFailed(t *testing.T) {
	failing, err := proc.Find("false")
	if err != nil {
		t.Skip("no program that fails")
	}
	isolate(t)
	var out bytes.Buffer
	_, err = Run(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "demo"), MLV: failing, Out: &out, Fast: true})
	if err == nil || !strings.Contains(err.Error(), "mlv init: false: exit status 1") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestStoryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Dir: filepath.Join(t.TempDir(), "demo"), MLV: "mlv", Out: new(bytes.Buffer)}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
