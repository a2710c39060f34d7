package spec

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/value"
)

// A Stage is one command with what it reads and makes. Every list is in the
// order of the file.
type Stage struct {
	Name   string
	From   fsx.Path // the mlv.yaml that it stands in
	Line   int
	Cmd    []string
	Wdir   fsx.Path // where it runs, from the project's folder
	Deps   []Place
	Params []Param
	Outs   []Out // metrics among them
	Env    []EnvVar
	Desc   string

	Frozen        bool
	AlwaysChanged bool
}

// Address names the stage within the project: "train" in the root's mlv.yaml,
// else "sub/mlv.yaml:train".
func (s *Stage) Address() string { return address(s.From, s.Name) }

func address(from fsx.Path, name string) string {
	if from.Dir() == "" {
		return name
	}
	return string(from) + ":" + name
}

// LockWdir returns Wdir as the lock has it: from the folder of mlv.yaml, "" for
// that folder.
func (s *Stage) LockWdir() string {
	if s.Wdir == s.From.Dir() {
		return ""
	}
	return relative(string(s.From.Dir()), string(s.Wdir))
}

// A Param is a file of parameters and the keys in it that a stage uses.
type Param struct {
	Place
	All  bool     // every key
	Keys []string // dotted, sorted; none if All
}

// An Out is what a stage makes.
type Out struct {
	Place
	Metric  bool
	Persist bool // what was there stays when the stage runs
	NoCache bool
	NoPush  bool
	Remote  string
	Type    string
	Desc    string
	Labels  []string
	Meta    value.Value
	Data    []Place // of a metric: what its numbers were measured on
}

// Target returns the path of the output from the project's folder.
func (o Out) Target() fsx.Path { return fsx.Path(o.Full) }

// An EnvVar is an environment variable of a stage's command: fixed, and then
// part of what its result depends on, or passed from the caller's environment.
type EnvVar struct {
	Name, Value string
	Pass        bool
}

var (
	stageFields = []string{"cmd", "wdir", "deps", "params", "outs", "metrics", "desc", "frozen", "always_changed", "env"}
	laterStage  = []string{
		"foreach", "do", "matrix", "exclude", "environment", "plots", "predictions", "resources", "limit",
		"timeout", "retry", "vars", "secrets",
	}
	outFields = []string{"cache", "persist", "push", "remote", "type", "desc", "labels", "meta"}
)

func (r *fileReader) stages(n *value.Node) {
	if n.Kind != value.Map {
		r.note(r.dec.in("stages").wants(n, "a map of stages"))
		return
	}
	for _, pair := range n.Pairs {
		if len(r.errs) >= maxProblems {
			return
		}
		s, err := r.stage(pair)
		r.note(err)
		if err == nil {
			r.file.Stages = append(r.file.Stages, s)
		}
	}
}

func (r *fileReader) stage(pair value.Pair) (*Stage, error) {
	s := &Stage{Name: pair.Key.Text, From: r.file.Path, Line: r.file.Doc.Line(pair.Key.Start), Wdir: r.file.Dir()}
	r.made = map[string]bool{}
	d := r.dec.in("stage " + s.Name)
	if !isStageName(s.Name) {
		return nil, r.dec.errorf(pair.Key, "", "%q is no name of a stage: letters, digits, '_' and '-' make one", s.Name)
	}
	if pair.Value.Kind != value.Map {
		return nil, d.wants(pair.Value, "a map of fields")
	}
	if w := pair.Value.Get("wdir"); w != nil { // first: paths are relative to it
		if err := r.wdir(d.in("wdir"), w, s); err != nil {
			return nil, err
		}
	}
	for _, f := range pair.Value.Pairs {
		if err := r.stageField(d, s, f); err != nil {
			return nil, err
		}
	}
	if len(s.Cmd) == 0 {
		return nil, d.errorf(pair.Key, "", "it has no cmd")
	}
	return s, nil
}

// isStageName tells whether s may name a stage.
func isStageName(s string) bool {
	other := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' }
	return s != "" && !strings.ContainsFunc(s, other) && s[0] != '-'
}

func (r *fileReader) wdir(d decoder, n *value.Node, s *Stage) error {
	text, err := d.literal(n)
	if err != nil {
		return err
	}
	if path.Join(string(r.file.Dir()), text) == "." && text != "" {
		s.Wdir = "" // the only place where the project's folder itself may be named
		return nil
	}
	p, err := resolvePath(r.file.Dir(), text, 0)
	if err != nil {
		return d.errorf(n, "", "%s", err)
	}
	s.Wdir = fsx.Path(p.Full)
	return nil
}

func (r *fileReader) stageField(d decoder, s *Stage, f value.Pair) (err error) {
	key, n := f.Key.Text, f.Value
	if n.Style == value.Absent && slices.Contains(stageFields, key) {
		return nil
	}
	in := d.in(key)
	switch key {
	case "cmd":
		s.Cmd, err = in.cmd(n)
	case "wdir":
	case "deps":
		s.Deps, err = r.deps(in, n, s)
	case "params":
		s.Params, err = r.params(in, n, s)
	case "outs", "metrics":
		err = r.outs(in, n, s, key == "metrics")
	case "desc":
		s.Desc, err = in.text(n)
	case "frozen":
		s.Frozen, err = in.boolean(n)
	case "always_changed":
		s.AlwaysChanged, err = in.boolean(n)
	case "env":
		s.Env, err = in.env(n)
	default:
		if slices.Contains(laterStage, key) {
			return d.later(f.Key)
		}
		return d.unknown(f.Key, "field", slices.Concat(stageFields, laterStage))
	}
	return err
}

func (d decoder) cmd(n *value.Node) ([]string, error) {
	nodes := []*value.Node{n}
	if n.Kind == value.List {
		nodes = n.Items
	}
	var cmd []string
	for _, n := range nodes {
		text, err := d.literal(n)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(text) == "" {
			return nil, d.errorf(n, "", "an empty command")
		}
		cmd = append(cmd, text)
	}
	if len(cmd) == 0 {
		return nil, d.errorf(n, "", "an empty list of commands")
	}
	return cmd, nil
}

func (r *fileReader) deps(d decoder, n *value.Node, s *Stage) ([]Place, error) {
	if n.Kind != value.List {
		return nil, d.wants(n, "a list of paths")
	}
	var deps []Place
	seen := map[string]bool{}
	for _, item := range n.Items {
		p, err := r.place(d, item, s.Wdir)
		if err != nil {
			return nil, err
		}
		if seen[p.Full] {
			return nil, d.errorf(item, "", "%s stands twice", p.Full)
		}
		seen[p.Full] = true
		deps = append(deps, p)
	}
	return deps, nil
}

// items calls f for each item of a list: a path alone, or one with a map of
// flags, which is nil for a path alone.
func (d decoder) items(n *value.Node, f func(target, flags *value.Node) error) error {
	if n.Kind != value.List {
		return d.wants(n, "a list")
	}
	for _, item := range n.Items {
		target, flags := item, (*value.Node)(nil)
		if item.Kind == value.Map {
			if len(item.Pairs) != 1 {
				return d.errorf(item, "begin each with a dash", "an item names one path, not %d", len(item.Pairs))
			}
			target, flags = item.Pairs[0].Key, item.Pairs[0].Value
		}
		if err := f(target, flags); err != nil {
			return err
		}
	}
	return nil
}

// defaultParams is the file of parameters that need not be named.
const defaultParams = "params.yaml"

func (r *fileReader) params(d decoder, n *value.Node, s *Stage) ([]Param, error) {
	if n.Kind != value.List {
		return nil, d.wants(n, "a list of keys")
	}
	var params []Param
	at := map[string]int{}
	use := func(p Place) *Param {
		i, ok := at[p.Full]
		if !ok {
			i, at[p.Full] = len(params), len(params)
			params = append(params, Param{Place: p})
		}
		return &params[i]
	}
	for _, item := range n.Items {
		if item.Kind != value.Map {
			p, err := resolvePath(s.Wdir, defaultParams, 0)
			if err != nil {
				return nil, err
			}
			if err := d.paramKey(use(p), item); err != nil {
				return nil, err
			}
			continue
		}
		for _, pair := range item.Pairs {
			place, err := r.place(d, pair.Key, s.Wdir)
			if err != nil {
				return nil, err
			}
			if err := d.paramKeys(use(place), pair.Value); err != nil {
				return nil, err
			}
		}
	}
	for i := range params {
		p := &params[i]
		slices.Sort(p.Keys)
		if p.Keys = slices.Compact(p.Keys); p.All {
			p.Keys = nil
		}
	}
	return params, nil
}

// paramKeys reads the keys of one file: a list, or null for all.
func (d decoder) paramKeys(p *Param, n *value.Node) error {
	if n.Kind != value.List {
		if v, err := d.value(n); err != nil || !v.IsNull() {
			return d.wants(n, "a list of keys, or null for all")
		}
		p.All = true
	}
	for _, item := range n.Items {
		if err := d.paramKey(p, item); err != nil {
			return err
		}
	}
	return nil
}

func (d decoder) paramKey(p *Param, n *value.Node) error {
	text, err := d.literal(n)
	if err != nil {
		return err
	}
	if _, err := value.SplitKey(text); err != nil {
		return d.errorf(n, "", "%s", err)
	}
	p.Keys = append(p.Keys, text)
	return nil
}

func (r *fileReader) outs(d decoder, n *value.Node, s *Stage, metric bool) error {
	return d.items(n, func(target, flags *value.Node) error {
		p, err := r.place(d, target, s.Wdir)
		if err != nil {
			return err
		}
		if err := checkOut(p.Full); err != nil {
			return d.errorf(target, "", "%s", err)
		}
		if r.made[p.Full] {
			return d.errorf(target, "", "%s stands twice among the outs and metrics", p.Full)
		}
		r.made[p.Full] = true
		out := Out{Place: p, Metric: metric}
		if err := r.flags(d.in(target.Text), flags, s, &out); err != nil {
			return err
		}
		s.Outs = append(s.Outs, out)
		return nil
	})
}

// checkOut tells why no stage may make a path.
func checkOut(full string) error {
	name := full[strings.LastIndexByte(full, '/')+1:]
	switch {
	case full == ".." || strings.HasPrefix(full, "../"):
		return fmt.Errorf("%s lies outside the project", full)
	case fsx.Path(full).Private():
		return fmt.Errorf("%s belongs to mlv", full)
	case name == FileName || name == LockName || strings.HasSuffix(name, Ext):
		return fmt.Errorf("%s is a file of mlv itself", full)
	}
	return nil
}

func (r *fileReader) flags(d decoder, n *value.Node, s *Stage, out *Out) error {
	if n == nil || n.Style == value.Absent {
		return nil
	}
	if n.Kind != value.Map {
		return d.wants(n, "a map of flags")
	}
	for _, f := range n.Pairs {
		in, v := d.in(f.Key.Text), f.Value
		var err error
		switch f.Key.Text {
		case "cache":
			out.NoCache, err = in.not(v)
		case "push":
			out.NoPush, err = in.not(v)
		case "persist":
			out.Persist, err = in.boolean(v)
		case "remote":
			if out.Remote, err = in.text(v); err == nil && !isName(out.Remote) {
				err = in.errorf(v, "", "%q is no name of a remote", out.Remote)
			}
		case "type":
			out.Type, err = in.text(v)
		case "desc":
			out.Desc, err = in.text(v)
		case "labels":
			out.Labels, err = in.texts(v)
		case "meta":
			out.Meta, err = in.value(v)
		case "data":
			if !out.Metric {
				err = d.errorf(f.Key, "", "only metrics are measured on data")
				break
			}
			out.Data, err = r.deps(in, v, s)
		default:
			err = d.unknown(f.Key, "flag", outFields)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d decoder) env(n *value.Node) ([]EnvVar, error) {
	if n.Kind != value.Map {
		return nil, d.wants(n, "a map of names")
	}
	env := map[string]EnvVar{}
	for _, pair := range n.Pairs {
		v, in := EnvVar{Name: pair.Key.Text}, d.in(pair.Key.Text)
		if v.Name == "" || strings.ContainsAny(v.Name, "=\x00") {
			return nil, d.errorf(pair.Key, "", "%q is no name of a variable", v.Name)
		}
		var err error
		if pair.Value.Kind == value.Map {
			v.Pass, err = in.pass(pair.Value)
		} else if v.Value, err = in.literal(pair.Value); err == nil && strings.Contains(v.Value, "\x00") {
			err = in.errorf(pair.Value, "", "a NUL byte")
		}
		if err != nil {
			return nil, err
		}
		env[v.Name] = v
	}
	return slices.SortedFunc(maps.Values(env), func(a, b EnvVar) int { return strings.Compare(a.Name, b.Name) }), nil
}

// pass reads {pass: true}.
func (d decoder) pass(n *value.Node) (bool, error) {
	if v := n.Get("pass"); v != nil && len(n.Pairs) == 1 {
		yes, err := d.in("pass").boolean(v)
		if err == nil && yes {
			return true, nil
		}
	}
	return false, d.errorf(n, "", "wants text, or {pass: true} for a variable of the caller")
}
