package work

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/transfer"
	"github.com/mlv-dev/mlv/internal/vcs"
)

// A share is the part of some outputs that goes to one remote, or comes from
// it.
type share struct {
	remote  spec.Remote
	bucket  remote.Bucket
	outputs []Selected
	named   bool // outputs that name no remote go there, too
}

// line returns an output as a line of the project tree.
func line(out spec.Output) object.Entry {
	return object.Entry{Path: out.Path, ID: out.ID, Size: out.Size, Mode: out.Mode}
}

// shares divides the selected outputs among the remotes.
func (p *Project) shares(ctx context.Context, sp *spec.Project, opt SyncOptions, push bool) ([]share, error) {
	selected, err := selectFrom(p, sp, opt.Targets, SelectOptions{Recursive: opt.Recursive})
	if err != nil {
		return nil, err
	}
	var list []share
	at := map[string]int{}
	for _, s := range selected {
		name := s.Remote
		switch {
		case s.NoCache || push && s.NoPush:
			continue
		case opt.Remote != "" && name != "" && name != opt.Remote:
			continue
		case opt.Remote != "":
			name = opt.Remote
		}
		i, ok := at[name]
		if !ok {
			sh, err := p.openRemote(ctx, name)
			if err != nil {
				return nil, err
			}
			if i, ok = at[sh.remote.Name]; !ok {
				i = len(list)
				list = append(list, sh)
			}
			at[name], at[sh.remote.Name] = i, i
			list[i].named = list[i].named || opt.Remote != "" || name == ""
		}
		list[i].outputs = append(list[i].outputs, s)
	}
	if len(list) == 0 && len(selected) == 0 { // even with nothing to do a remote that isn't there is an error
		_, err := p.openRemote(ctx, opt.Remote)
		return nil, err
	}
	return list, nil
}

// openRemote opens the remote of a name, "" for the default.
func (p *Project) openRemote(ctx context.Context, name string) (share, error) {
	r, err := p.Settings.Config.Remote(name)
	if err != nil {
		return share{}, err
	}
	id, err := p.Settings.project()
	if err != nil {
		return share{}, err
	}
	b, err := remote.Open(ctx, r.URL, remote.Options{Dir: p.Root.Dir(), Project: id})
	return share{remote: r, bucket: b}, err
}

// allowed refuses to push where the user never agreed to.
func (p *Project) allowed(r spec.Remote) error {
	id, err := p.Settings.project()
	if err != nil {
		return err
	}
	if r.Level > spec.AtProject || p.Settings.Config.Trusted(id, r.URL) {
		return nil
	}
	if p.opt.Ask != nil {
		yes, err := p.opt.Ask(fmt.Sprintf("push data of this project to %s?", r.URL))
		if err != nil {
			return err
		}
		if yes {
			_, err := p.Settings.TrustRemote(r.Name, true)
			return err
		}
	}
	return errs.At(errs.Denied, r.Name, "run 'mlv remote trust "+r.Name+"', or set MLV_TRUST_REMOTE="+r.URL,
		"the repository names %s, and you have not agreed to push there", r.URL)
}

// lastCommits is how many earlier commits are asked for what a remote may have.
const lastCommits = 8

// history yields the outputs of HEAD and of the last commits that changed
// outputs: what a remote may have already.
func (p *Project) history(ctx context.Context, s share) transfer.History {
	return func(yield func([]object.Entry, error) bool) {
		if p.Repo == nil {
			return
		}
		n := 0
		for c, err := range p.Repo.Log(ctx, "HEAD", vcs.LogOptions{Match: p.isPointerFile, Limit: 1000}) {
			if errors.Is(err, vcs.ErrNoCommits) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			rev, err := p.At(ctx, string(c.Hash))
			if err == nil && !yield(s.lines(rev.Spec), nil) {
				return
			}
			if n++; n > lastCommits {
				return
			}
		}
	}
}

// lines returns the project tree's lines of a revision, as far as they go to
// the remote.
func (s share) lines(sp *spec.Project) (lines []object.Entry) {
	for _, out := range sp.Outputs() {
		if !out.NoCache && !out.NoPush && (out.Remote == s.remote.Name || out.Remote == "" && s.named) {
			lines = append(lines, line(out))
		}
	}
	return lines
}

// isPointerFile tells whether a file, from the top of the repository, can
// change the project's outputs.
func (p *Project) isPointerFile(name string) bool {
	if prefix := string(p.Prefix()); prefix != "" && !strings.HasPrefix(name, prefix+"/") {
		return false
	}
	return strings.HasSuffix(name, spec.Ext) || name == spec.LockName || strings.HasSuffix(name, "/"+spec.LockName)
}

// revisions calls f for the working tree and each revision of a scope, each
// set of files once. commit names HEAD, or the revision.
func (p *Project) revisions(ctx context.Context, scope Scope, f func(rev *Revision, commit string) error) error {
	head := ""
	if p.Repo != nil {
		if c, err := p.Repo.Head(ctx); err == nil {
			head = string(c.Hash)
		} else if !errors.Is(err, vcs.ErrNoCommits) {
			return err
		}
	}
	here, err := p.At(ctx, "")
	if err != nil {
		return err
	}
	if err := f(here, head); err != nil {
		return err
	}
	names, err := p.scoped(ctx, scope)
	if err != nil {
		return err
	}
	for _, name := range names {
		rev, err := p.At(ctx, name)
		if err != nil {
			return err
		}
		if err := f(rev, name); err != nil {
			return err
		}
	}
	return nil
}

// scoped returns the commits of a scope, each once.
func (p *Project) scoped(ctx context.Context, scope Scope) (names []string, err error) {
	if scope == (Scope{}) {
		return nil, nil
	}
	if p.Repo == nil {
		return nil, errs.New(errs.Usage, "", "the project lives without git: it has no branches, tags or commits")
	}
	var refs []string
	if scope.Branches || scope.Commits {
		branches, err := p.Repo.Branches(ctx)
		if err != nil {
			return nil, err
		}
		refs = append(refs, branches...)
	}
	if scope.Tags || scope.Commits {
		tags, err := p.Repo.Tags(ctx)
		if err != nil {
			return nil, err
		}
		refs = append(refs, tags...)
	}
	seen := map[string]bool{}
	add := func(c vcs.Commit) {
		if name := string(c.Hash); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, ref := range refs {
		if !scope.Commits {
			c, err := p.Repo.Resolve(ctx, ref)
			if err != nil {
				return nil, err
			}
			add(c)
			continue
		}
		for c, err := range p.Repo.Log(ctx, ref, vcs.LogOptions{Match: p.isPointerFile}) {
			if err != nil {
				return nil, err
			}
			add(c)
		}
	}
	return names, nil
}
