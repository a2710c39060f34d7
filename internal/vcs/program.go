package vcs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/proc"
)

// program is the git program, bound to one repository. It finds that by
// itself, from the folder it is started in, so that its own rules for
// repositories of other users (safe.directory) hold.
type program struct {
	ctx  context.Context //nolint:containedctx // the life of the reader of objects
	path string
	dir  string
	env  []string

	mu      sync.Mutex
	objects *proc.Stream // git cat-file --batch, started by the first object
	out     *bufio.Reader
}

// foreignEnv are the variables that lead git to another repository than the
// one it is started in, or make it read another history. They are those of
// "git rev-parse --local-env-vars", less the ones that carry configuration.
var foreignEnv = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
	"GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_NAMESPACE",
	"GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
}

// fixedEnv makes git's answers the same for everybody: in English, without
// questions, and of the objects as they are, not as replaced.
var fixedEnv = []string{
	"LC_ALL=C", "LANGUAGE", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1",
	"GIT_LITERAL_PATHSPECS=1", "GIT_PAGER=cat", "GIT_TRACE", "GIT_TRACE2", "GIT_TRACE2_EVENT",
}

func newProgram(ctx context.Context, o Options, at place) *program {
	p := &program{ctx: ctx, path: o.Git, dir: at.top}
	if p.dir == "" {
		p.dir = at.dir
	}
	p.env = append(p.env, fixedEnv...)
	if at.env == nil { // not named by the user
		p.env = append(p.env, foreignEnv...)
	}
	p.env = append(p.env, at.env...)
	if index := indexPath(at.dir, o.Getenv); o.Getenv("GIT_INDEX_FILE") != "" {
		p.env = append(p.env, "GIT_INDEX_FILE="+index)
	}
	return p
}

// run returns what git prints.
func (p *program) run(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	args = append([]string{"-c", "core.fsmonitor=false"}, args...)
	out, err := proc.Output(ctx, proc.Cmd{Path: p.path, Args: args, Dir: p.dir, Env: p.env, Stdin: stdin})
	return out, p.denied(err)
}

// denied gives the refusal of another user's repository its class and the way
// out, which git's own text hides among other lines.
func (p *program) denied(err error) error {
	if said, ok := failed(err); ok && strings.Contains(said, "dubious ownership") {
		return errs.At(errs.Denied, p.dir, "run 'git config --global --add safe.directory "+p.dir+"'", "belongs to another user, and git does not trust it")
	}
	return err
}

// failed tells whether git ran and refused, and what it said.
func failed(err error) (string, bool) {
	e, ok := errors.AsType[*proc.ExitError](err)
	if !ok || e.Signal != "" {
		return "", false
	}
	said := strings.TrimPrefix(e.Stderr, "fatal: ")
	return strings.TrimPrefix(said, "error: "), true
}

// resolve has git read a revision. What git does not find is errAbsent.
func (p *program) resolve(ctx context.Context, rev string) (Hash, error) {
	want := rev
	if !strings.HasPrefix(rev, ":/") { // there, all that follows is the pattern
		want += "^{commit}"
	}
	out, err := p.run(ctx, nil, "rev-parse", "--verify", "--end-of-options", want)
	if said, ok := failed(err); ok {
		switch {
		case strings.Contains(said, "is ambiguous"):
			return "", p.ambiguous(said)
		case strings.HasPrefix(said, "log for"):
			return "", errs.New(errs.Usage, "", "%s", said)
		case strings.Contains(said, "expected commit type"):
			return "", p.wrongKind(ctx, rev)
		}
		return "", errAbsent
	}
	if err != nil {
		return "", err
	}
	h := strings.TrimSpace(string(out))
	if !isHex(h) || h == "" {
		return "", errs.New(errs.Usage, "", "names no single commit")
	}
	return Hash(h), nil
}

// ambiguous reads git's list of what an abbreviation may mean.
func (p *program) ambiguous(said string) error {
	e := &errs.Error{Kind: errs.Usage, Hint: "give more digits", Err: errors.New("begins the hashes of several commits")}
	for line := range strings.Lines(said) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "hint:"))
		if len(fields) > 1 && fields[1] == "commit" {
			e.Candidates = append(e.Candidates, fields[0])
		}
	}
	return e
}

// wrongKind says what rev names, since it is no commit.
func (p *program) wrongKind(ctx context.Context, rev string) error {
	out, err := p.run(ctx, nil, "rev-parse", "--verify", "--end-of-options", rev+"^{}")
	if err != nil {
		return errAbsent
	}
	h := Hash(strings.TrimSpace(string(out)))
	o, err := p.object(ctx, h)
	if err != nil {
		return err
	}
	return errNotCommit{h, o.kind}
}

func (p *program) refs(ctx context.Context, prefix string) ([]Ref, error) {
	out, err := p.run(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname)", prefix[:strings.LastIndexByte(prefix, '/')+1])
	if err != nil {
		return nil, err
	}
	var refs []Ref
	for line := range strings.Lines(string(out)) {
		h, name, ok := strings.Cut(strings.TrimRight(line, "\n"), " ")
		if ok && strings.HasPrefix(name, prefix) {
			refs = append(refs, Ref{name, Hash(h)})
		}
	}
	return refs, nil
}

func (p *program) symbolic(ctx context.Context, name string) (string, error) {
	out, err := p.run(ctx, nil, "symbolic-ref", "-q", name)
	if said, ok := failed(err); ok && said == "" {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}

// object asks the one process that reads objects; git starts in 3 ms and
// answers in a tenth of one.
func (p *program) object(ctx context.Context, h Hash) (object, error) {
	if err := ctx.Err(); err != nil {
		return object{}, err
	}
	if h == "" || !isHex(string(h)) {
		return object{}, errAbsent
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	o, err := p.request(h)
	if err != nil && !errors.Is(err, errAbsent) {
		// What it still has to say belongs to no later question.
		return object{}, errors.Join(err, p.stop())
	}
	return o, err
}

func (p *program) request(h Hash) (object, error) {
	if p.objects == nil {
		s, err := proc.Start(p.ctx, proc.Cmd{Path: p.path, Args: []string{"cat-file", "--batch"}, Dir: p.dir, Env: p.env})
		if err != nil {
			return object{}, err
		}
		p.objects, p.out = s, bufio.NewReaderSize(s, 1<<16)
	}
	if _, err := p.objects.Write([]byte(string(h) + "\n")); err != nil {
		return object{}, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return object{}, fmt.Errorf("git cat-file: %w", err)
	}
	fields := strings.Fields(line)
	if len(fields) == 2 && fields[1] == "missing" {
		return object{}, errAbsent
	}
	if len(fields) != 3 || fields[0] != string(h) {
		return object{}, fmt.Errorf("git cat-file answered %q", line)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return object{}, err
	}
	var content bytes.Buffer
	if _, err := io.CopyN(&content, p.out, size+1); err != nil {
		return object{}, fmt.Errorf("git cat-file: %w", err)
	}
	return object{fields[1], content.Bytes()[:size:size]}, nil
}

// stop ends the process. An error of its own tells more than a broken pipe.
func (p *program) stop() error {
	if p.objects == nil {
		return nil
	}
	err := p.denied(p.objects.Close())
	p.objects, p.out = nil, nil
	return err
}

func (p *program) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop()
}
