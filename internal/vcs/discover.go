package vcs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// place is where a repository lies.
type place struct {
	top, dir, common string
	prefix           fsx.Path
	config           config
	env              []string // what the program must be told to find the same
}

// discover looks for the repository of dir. A folder called .git that is none
// is passed over, and a file called .git that leads nowhere is an error: both
// as git has it.
func discover(dir string, getenv func(string) string) (place, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return place{}, err
	}
	if given := getenv("GIT_DIR"); given != "" {
		return fromEnvironment(dir, given, getenv)
	}
	ceilings := filepath.SplitList(getenv("GIT_CEILING_DIRECTORIES"))
	for top := dir; ; top = filepath.Dir(top) {
		gitDir, err := gitDirOf(top)
		if err != nil {
			return place{}, err
		}
		if gitDir != "" {
			return inspect(dir, top, gitDir)
		}
		if isGitDir(top) {
			return inspect(dir, "", top)
		}
		parent := filepath.Dir(top)
		if parent == top || under(parent, ceilings) {
			return place{}, errs.At(errs.Usage, dir, "run 'git init', or 'mlv init --no-git' to do without", "%w", ErrNoRepo)
		}
	}
}

// under tells whether dir is one of the folders at which git stops looking.
func under(dir string, ceilings []string) bool {
	for _, c := range ceilings {
		if c != "" && filepath.Clean(c) == dir {
			return true
		}
	}
	return false
}

// fromEnvironment is discover where the user, or git for its hook, named the
// repository.
func fromEnvironment(dir, given string, getenv func(string) string) (place, error) {
	abs := func(p string) string {
		if filepath.IsAbs(p) {
			return filepath.Clean(p)
		}
		return filepath.Join(dir, p)
	}
	gitDir := abs(given)
	if to, err := readGitFile(gitDir); err == nil {
		gitDir = to
	}
	if !isGitDir(gitDir) {
		return place{}, errs.At(errs.Usage, gitDir, "unset GIT_DIR, or set it to a repository", "%w: GIT_DIR leads to no repository", ErrNoRepo)
	}
	top := dir
	if w := getenv("GIT_WORK_TREE"); w != "" {
		top = abs(w)
	}
	p, err := inspect(dir, top, gitDir)
	if err != nil {
		return place{}, err
	}
	p.env = []string{"GIT_DIR=" + p.dir}
	if p.top != "" {
		p.env = append(p.env, "GIT_WORK_TREE="+p.top)
	}
	return p, nil
}

// gitDirOf returns the repository that top/.git is or leads to; empty if
// there is none.
func gitDirOf(top string) (string, error) {
	dot := filepath.Join(top, ".git")
	st, err := os.Stat(dot)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return "", nil
	case err != nil:
		return "", nil //nolint:nilerr // what cannot be looked at is no repository, as for git
	case st.IsDir():
		if isGitDir(dot) {
			return dot, nil
		}
		return "", nil
	}
	to, err := readGitFile(dot)
	if err != nil {
		return "", errs.At(errs.Usage, dot, "", "%w", err)
	}
	if !isGitDir(to) {
		return "", errs.At(errs.Usage, dot, "run 'git worktree repair' in the main working tree", "leads to %s, which is no repository", to)
	}
	return to, nil
}

// readGitFile returns where a .git file leads.
func readGitFile(name string) (string, error) {
	b, err := readSmall(name)
	if err != nil {
		return "", err
	}
	to, ok := strings.CutPrefix(strings.TrimRight(string(b), "\r\n"), "gitdir: ")
	if !ok || to == "" {
		return "", errors.New(`does not begin with "gitdir: "`)
	}
	return resolveFrom(filepath.Dir(name), to), nil
}

// readSmall reads a file of git's that holds one line.
func readSmall(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > 1<<16 {
		return nil, fmt.Errorf("%s is not a small file", name)
	}
	return os.ReadFile(name)
}

// resolveFrom makes p, a path as git writes it, absolute.
func resolveFrom(dir, p string) string {
	p = filepath.FromSlash(p)
	if !filepath.IsAbs(p) {
		p = filepath.Join(dir, p)
	}
	return filepath.Clean(p)
}

// isGitDir tells whether dir looks like a repository to git: HEAD, objects
// and refs are there.
func isGitDir(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil {
		return false
	}
	common := commonOf(dir)
	for _, name := range []string{"objects", "refs"} {
		if st, err := os.Stat(filepath.Join(common, name)); err != nil || !st.IsDir() {
			return false
		}
	}
	return true
}

// commonOf returns the folder that holds the objects of the repository dir.
func commonOf(dir string) string {
	b, err := readSmall(filepath.Join(dir, "commondir"))
	if err != nil {
		return dir
	}
	return resolveFrom(dir, strings.TrimRight(string(b), "\r\n"))
}

// inspect reads the configuration of the repository and settles its working
// tree.
func inspect(dir, top, gitDir string) (place, error) {
	p := place{top: top, dir: gitDir, common: commonOf(gitDir)}
	var err error
	if p.config, err = readConfig(p.dir, p.common); err != nil {
		return place{}, err
	}
	switch linked := p.dir != p.common; {
	case linked: // core.bare and core.worktree describe the main one
	case p.config.worktree != "":
		p.top = resolveFrom(p.dir, p.config.worktree)
	case p.config.bare:
		p.top = ""
	}
	if p.top == "" {
		return p, nil
	}
	rel, err := filepath.Rel(p.top, dir)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return p, nil // dir lies outside, as inside .git: the top it is
	}
	if rel != "." {
		if p.prefix, err = fsx.ParsePath(filepath.ToSlash(rel)); err != nil {
			p.prefix = ""
		}
	}
	return p, nil
}

// mainTop returns the working tree of the repository in common.
func mainTop(common string, c config) string {
	if c.worktree != "" {
		return resolveFrom(common, c.worktree)
	}
	if filepath.Base(common) == ".git" {
		return filepath.Dir(common)
	}
	return ""
}
