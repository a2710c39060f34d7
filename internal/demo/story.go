package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/proc"
)

// A story is one that is being told.
type story struct {
	ctx      context.Context //nolint:containedctx // a story is one call of Run
	o        Options
	root     *fsx.Root
	at       fsx.Path // the project that commands run in
	python   string
	programs map[string]string // by the name that the story shows
	commits  int
	stats    map[string]fsx.Stat
	sums     map[string]string
	failed   error // of writing to Out
}

// say prints.
func (s *story) say(format string, args ...any) {
	if _, err := fmt.Fprintf(s.o.Out, format, args...); err != nil && s.failed == nil {
		s.failed = err
	}
}

// run shows a command line, runs it and shows what it prints.
func (s *story) run(name string, args ...string) (string, error) {
	shown := make([]string, len(args))
	for i, a := range args {
		if shown[i] = a; strings.Contains(a, " ") {
			shown[i] = `"` + a + `"`
		}
	}
	line := name + " " + strings.Join(shown, " ")
	s.say("   $ %s\n", line)
	out, err := proc.Output(s.ctx, proc.Cmd{Path: s.programs[name], Args: args, Dir: s.dir(), Env: s.env()})
	for text := range strings.Lines(string(out)) {
		s.say("   %s\n", strings.TrimRight(text, "\r\n"))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", line, err)
	}
	return string(out), s.failed
}

// all runs one command line after the other.
func (s *story) all(lines ...[]string) error {
	for _, line := range lines {
		if _, err := s.run(line[0], line[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// commit commits everything, as a person would after looking at it.
func (s *story) commit(message string) error {
	s.commits++
	return s.all([]string{"git", "add", "."}, []string{"git", "commit", "-q", "-m", message})
}

// env makes git's part of the story the same everywhere, whatever the user has
// configured for signing, hooks and names.
func (s *story) env() []string {
	date := fmt.Sprintf("2026-01-05T09:%02d:00Z", s.commits)
	return []string{
		"GIT_CONFIG_GLOBAL=" + filepath.Join(s.root.Dir(), "no-gitconfig"), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_COMMITTER_DATE=" + date,
	}
}

func (s *story) dir() string { return filepath.Join(s.root.Dir(), filepath.FromSlash(string(s.at))) }

// put writes files of the story into a folder of the project and says so.
func (s *story) put(to fsx.Path, names ...string) error {
	s.say("   (writes %s)\n", to.Join(fsx.Path(strings.Join(names, ", "))))
	for _, name := range names {
		b, err := file(name)
		if err != nil {
			return err
		}
		if err := s.write(to.Join(fsx.Path(name)), b); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) write(p fsx.Path, b []byte) error {
	if err := s.root.MkdirAll(s.at.Join(p).Dir()); err != nil {
		return err
	}
	return s.root.WriteFile(s.at.Join(p), b, fsx.WriteOptions{Fast: true})
}

// change rewrites a file: old must occur in it once.
func (s *story) change(p fsx.Path, old, now string) error {
	b, err := s.read(p)
	if err != nil {
		return err
	}
	if n := bytes.Count(b, []byte(old)); n != 1 {
		return fmt.Errorf("%s: %d times %q, want it once", p, n, old)
	}
	return s.root.WriteFile(s.at.Join(p), bytes.Replace(b, []byte(old), []byte(now), 1), fsx.WriteOptions{Fast: true})
}

func (s *story) read(p fsx.Path) ([]byte, error) { return s.root.ReadFile(s.at.Join(p), 16<<20) }

// remember keeps what files are now, for kept and rewritten.
func (s *story) remember(paths ...fsx.Path) error {
	for _, p := range paths {
		st, err := s.root.Stat(s.at.Join(p))
		if err != nil {
			return err
		}
		s.stats[string(s.at.Join(p))] = st
	}
	return nil
}

// kept checks that no command wrote the files since they were remembered: a
// stage that runs makes its outputs anew.
func (s *story) kept(claim string, paths ...fsx.Path) error {
	return s.compare(claim, true, paths)
}

// rewritten checks that each of the files was written.
func (s *story) rewritten(claim string, paths ...fsx.Path) error {
	return s.compare(claim, false, paths)
}

func (s *story) compare(claim string, same bool, paths []fsx.Path) error {
	for _, p := range paths {
		st, err := s.root.Stat(s.at.Join(p))
		if err != nil {
			return err
		}
		was := s.stats[string(s.at.Join(p))]
		if same != (st.Inode == was.Inode && st.Mtime == was.Mtime) {
			return fmt.Errorf("%s: the story says: %s", p, claim)
		}
	}
	s.say("   (checked: %s)\n", claim)
	return nil
}

// sum keeps the SHA-256 of files under a name of that moment.
func (s *story) sum(moment string, paths ...fsx.Path) error {
	for _, p := range paths {
		b, err := s.read(p)
		if err != nil {
			return err
		}
		h := sha256.Sum256(b)
		s.sums[moment+" "+string(p)] = hex.EncodeToString(h[:])
	}
	return nil
}

// equal checks that files are byte for byte what they were at that moment.
func (s *story) equal(claim, moment string, paths ...fsx.Path) error {
	if err := s.sum("now", paths...); err != nil {
		return err
	}
	for _, p := range paths {
		if s.sums["now "+string(p)] != s.sums[moment+" "+string(p)] {
			return fmt.Errorf("%s has other bytes; the story says: %s", p, claim)
		}
	}
	s.say("   (checked: %s)\n", claim)
	return nil
}

// absent checks that there is nothing at p.
func (s *story) absent(claim string, p fsx.Path) error {
	_, err := s.root.Stat(s.at.Join(p))
	if err == nil {
		return errs.At(errs.Other, string(p), "", "is there; the story says: %s", claim)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.say("   (checked: %s)\n", claim)
	return nil
}
