package demo

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/proc"
)

// isolate gives the story a home without settings.
func isolate(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "XDG_CONFIG_HOME"} {
		t.Setenv(name, home)
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
