package review

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/value"
	"github.com/mlv-dev/mlv/internal/work"
)

// ValueOptions say which values are shown.
type ValueOptions struct {
	From, To string   // revisions; From "" is HEAD, To "" the working tree
	Targets  []string // only these files
	All      bool     // unchanged values, too
}

// A ValueDiff is how metrics or params differ between two revisions.
type ValueDiff struct {
	From, To string        // as people call them
	Changes  []ValueChange // by file and key
	Problems []Problem
}

// A ValueChange is one value on both sides; nil: that side has none.
type ValueChange struct {
	File, Key string
	Old, New  *value.Value
	Diff      *value.Value // new - old, of numbers
}

// A Problem is a file whose values could not be read at a revision.
type Problem struct {
	Rev, Path string
	Err       error
}

// MarshalJSON prints DVC's object: {file: {key: {old, new, diff}}}.
func (d *ValueDiff) MarshalJSON() ([]byte, error) {
	type change struct {
		Old  *value.Value `json:"old"`
		New  *value.Value `json:"new"`
		Diff *value.Value `json:"diff,omitempty"`
	}
	files := map[string]map[string]change{}
	for _, c := range d.Changes {
		if files[c.File] == nil {
			files[c.File] = map[string]change{}
		}
		files[c.File][c.Key] = change{c.Old, c.New, c.Diff}
	}
	return json.Marshal(files)
}

// A reader returns the values of one revision.
type reader func(ctx context.Context, p *work.Project, rev string) (*Values, error)

// MetricsDiff compares the metrics of two revisions.
func MetricsDiff(ctx context.Context, p *work.Project, opt ValueOptions) (*ValueDiff, error) {
	return valueDiff(ctx, p, opt, Metrics)
}

// ParamsDiff compares the params of two revisions.
func ParamsDiff(ctx context.Context, p *work.Project, opt ValueOptions) (*ValueDiff, error) {
	return valueDiff(ctx, p, opt, Params)
}

func valueDiff(ctx context.Context, p *work.Project, opt ValueOptions, read reader) (*ValueDiff, error) {
	if opt.From == "" {
		opt.From = "HEAD"
	}
	from, err := read(ctx, p, opt.From)
	if err != nil {
		return nil, err
	}
	to, err := read(ctx, p, opt.To)
	if err != nil {
		return nil, err
	}
	d := &ValueDiff{From: from.Rev, To: to.Rev}
	keep, err := filesOf(p, opt.Targets)
	if err != nil {
		return nil, err
	}
	for _, side := range []*Values{from, to} {
		for _, f := range side.Files {
			if f.Err != nil && keep(f.Path) {
				d.Problems = append(d.Problems, Problem{side.Rev, f.Path, f.Err})
			}
		}
	}
	old, now := from.Set(), to.Set()
	changes := value.Diff(old, now)
	if opt.All {
		changes = withUnchanged(old, now, changes)
	}
	for _, c := range changes {
		file, key := split(c.Name, from, to)
		if keep(file) {
			d.Changes = append(d.Changes, newChange(file, key, c))
		}
	}
	if len(d.Changes) == 0 && len(opt.Targets) > 0 && len(old)+len(now) == 0 {
		return nil, errs.At(errs.Usage, strings.Join(opt.Targets, ", "), "", "no values there at %s or in the %s", d.From, d.To)
	}
	return d, nil
}

func newChange(file, key string, c value.Change) ValueChange {
	change := ValueChange{File: file, Key: key}
	if !c.Added {
		change.Old = &c.Old
	}
	if !c.Removed {
		change.New = &c.New
	}
	if delta, ok := c.Delta(); ok {
		change.Diff = &delta
	}
	return change
}

// withUnchanged adds what both sides have alike, in order.
func withUnchanged(old, now value.Set, changes []value.Change) []value.Change {
	same := value.Diff(value.Set{}, now)
	at := map[string]value.Change{}
	for _, c := range changes {
		at[c.Name] = c
	}
	for _, c := range value.Diff(value.Set{}, old) {
		if _, ok := now[c.Name]; !ok {
			same = append(same, at[c.Name])
		}
	}
	for i, c := range same {
		if changed, ok := at[c.Name]; ok {
			same[i] = changed
			continue
		}
		same[i] = value.Change{Name: c.Name, Old: old[c.Name], New: c.New}
	}
	return same
}

// split takes "file:key" apart; a file's name may hold colons.
func split(name string, sides ...*Values) (file, key string) {
	for _, side := range sides {
		for _, f := range side.Files {
			if key, ok := strings.CutPrefix(name, f.Path+":"); ok {
				return f.Path, key
			}
		}
	}
	file, key, _ = strings.Cut(name, ":")
	return file, key
}

// filesOf returns what keeps the files that targets name, all of none.
func filesOf(p *work.Project, targets []string) (func(string) bool, error) {
	keep := map[string]bool{}
	for _, t := range targets {
		at, err := p.Path(t)
		if err != nil {
			return nil, err
		}
		keep[string(at)] = true
	}
	return func(file string) bool { return len(targets) == 0 || keep[file] }, nil
}

// Shown are the values of several revisions, as metrics show prints them.
type Shown struct {
	Revs []*Values
}

// MetricsShow returns the metrics of revisions, of the working tree if none is
// named.
func MetricsShow(ctx context.Context, p *work.Project, revs, targets []string) (*Shown, error) {
	keep, err := filesOf(p, targets)
	if err != nil {
		return nil, err
	}
	if len(revs) == 0 {
		revs = []string{""}
	}
	s := &Shown{}
	for _, rev := range revs {
		v, err := Metrics(ctx, p, rev)
		if err != nil {
			return nil, err
		}
		v.Files = filter(v.Files, func(f FileValues) bool { return keep(f.Path) })
		s.Revs = append(s.Revs, v)
	}
	return s, nil
}

// MarshalJSON prints DVC's object: {revision: {"data": {file: {"data": values}}}}.
func (s *Shown) MarshalJSON() ([]byte, error) {
	type file struct {
		Data  *value.Value `json:"data,omitempty"`
		Error string       `json:"error,omitempty"`
	}
	type rev struct {
		Data map[string]file `json:"data"`
	}
	all := map[string]rev{}
	for _, v := range s.Revs {
		files := map[string]file{}
		for _, f := range v.Files {
			if f.Err != nil {
				files[f.Path] = file{Error: f.Err.Error()}
				continue
			}
			data := f.Data
			if f.Flat {
				data = nest(f.Data)
			}
			files[f.Path] = file{Data: &data}
		}
		all[v.Rev] = rev{files}
	}
	return json.Marshal(all)
}

// nest turns dotted keys into maps in maps, as the file had them.
func nest(flat value.Value) value.Value {
	type branch struct {
		key    string
		leaf   *value.Value
		fields []value.Field
	}
	var out []value.Field
	groups := map[string]int{}
	var subs []branch
	for _, f := range flat.Fields() {
		parts, err := value.SplitKey(f.Key)
		if err != nil || len(parts) == 0 {
			parts = []string{f.Key}
		}
		if f.Key == "" {
			return f.Value // the file is one value
		}
		i, ok := groups[parts[0]]
		if !ok {
			i = len(subs)
			groups[parts[0]] = i
			subs = append(subs, branch{key: parts[0]})
		}
		if len(parts) == 1 {
			subs[i].leaf = &f.Value
		} else {
			subs[i].fields = append(subs[i].fields, value.Field{Key: value.JoinKey(parts[1:]...), Value: f.Value})
		}
	}
	for _, b := range subs {
		if b.leaf != nil {
			out = append(out, value.Field{Key: b.key, Value: *b.leaf})
		} else {
			out = append(out, value.Field{Key: b.key, Value: nest(value.OfMap(b.fields...))})
		}
	}
	return value.OfMap(out...)
}
