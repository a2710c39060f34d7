package work

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/vcs"
)

// InitOptions say what Init makes.
type InitOptions struct {
	Options
	NoGit  bool   // a project without git
	Subdir bool   // in a folder of a repository that is not its top
	Remote string // URL of the default remote; empty: none yet
	Force  bool   // even where a project is already: its ID stays
}

// InitResult says what Init made.
type InitResult struct {
	Dir     string   `json:"dir"`
	Project string   `json:"project"`
	Stage   []string `json:"stage"` // for git add
}

// Init makes a project in opt.Dir: mlv.yaml with an ID of its own, and a line
// in .gitignore for what mlv keeps beside git.
func Init(ctx context.Context, opt InitOptions) (result InitResult, err error) {
	dir, err := filepath.Abs(opt.Dir)
	if err != nil {
		return result, err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	root, err := fsx.MakeRoot(dir)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	git, err := placeForProject(ctx, dir, opt)
	if err != nil {
		return result, err
	}
	result.Dir = dir
	if result.Project, err = writeProject(root, opt); err != nil {
		return result, err
	}
	result.Stage = []string{spec.FileName}
	if git {
		if err := ignoreMLV(root); err != nil {
			return result, err
		}
		result.Stage = append(result.Stage, spec.GitIgnoreName)
	}
	if err := root.MkdirAll(mlvDir); err != nil || opt.Remote == "" {
		return result, err
	}
	o := opt.settings()
	o.Dir = dir
	settings, err := OpenSettings(o)
	if err != nil {
		return result, err
	}
	_, err = settings.AddRemote(AddRemoteOptions{Name: "origin", URL: opt.Remote, Dir: opt.Dir, Level: spec.AtProject, Default: true, Force: opt.Force})
	return result, err
}

// placeForProject checks that dir may hold a project, and tells whether git
// does.
func placeForProject(ctx context.Context, dir string, opt InitOptions) (git bool, err error) {
	repo, err := vcs.Open(ctx, dir, vcs.Options{Git: opt.Git, Getenv: opt.Getenv})
	switch {
	case errors.Is(err, vcs.ErrNoRepo):
		if !opt.NoGit {
			return false, errs.At(errs.Usage, dir, "run 'git init' first, or pass --no-git", "is not in a git repository")
		}
		return false, nil
	case err != nil:
		return false, err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	if repo.Prefix() != "" && !opt.Subdir && !opt.NoGit {
		return false, errs.At(errs.Usage, dir, "run it in "+repo.Top()+", or pass --subdir", "is not the top of the git repository")
	}
	return !opt.NoGit, nil
}

// writeProject writes mlv.yaml, or adds a project's ID to the one that is
// there, and returns the ID.
func writeProject(root *fsx.Root, opt InitOptions) (string, error) {
	id := newULID(time.Now())
	b, err := root.ReadFile(spec.FileName, maxSettings)
	if gone(err) {
		text := fmt.Sprintf("version: 1\nproject: %s\n", id)
		return id, root.WriteFile(spec.FileName, []byte(text), fsx.WriteOptions{Perm: 0o666})
	}
	if err != nil {
		return "", err
	}
	file, problems := spec.ParseFile(spec.FileName, b, 0)
	if len(problems) > 0 {
		return "", problems[0]
	}
	if file.Project != "" {
		if !opt.Force {
			return "", errs.At(errs.Conflict, spec.FileName, "nothing is to be done; --force repairs what is missing beside it", "names a project already")
		}
		return file.Project, nil
	}
	b = append(b, "project: "+id+"\n"...)
	return id, root.WriteFile(spec.FileName, b, fsx.WriteOptions{Perm: 0o666})
}

// ignoreMLV tells git to leave .mlv alone.
func ignoreMLV(root *fsx.Root) error {
	old, err := root.ReadFile(spec.GitIgnoreName, maxIgnore)
	if err != nil && !gone(err) {
		return err
	}
	b, err := spec.AddIgnore(old, string(mlvDir)+"/")
	if err != nil || string(b) == string(old) {
		return err
	}
	return root.WriteFile(spec.GitIgnoreName, b, fsx.WriteOptions{Perm: 0o666})
}

// newULID returns an ID of 26 characters that begins with the time: 48 bits of
// milliseconds, 80 of chance, in Crockford's base 32.
func newULID(now time.Time) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<16) //nolint:gosec // after 1970
	_, _ = rand.Read(b[6:])                                       // never fails
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	text := make([]byte, 26)
	for i := 25; i >= 0; i-- {
		text[i] = digits[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(text)
}
