package transfer

import (
	"context"
	"errors"
	"sync"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/store"
)

// A Want is an output whose content is wanted here.
type Want struct {
	object.Entry
	Under []fsx.Path // of a directory, only what is at or below these; none: all
}

// FetchOptions say what to get from where.
type FetchOptions struct {
	Store   *store.Store
	Bucket  remote.Bucket
	Wants   []Want
	History History // the outputs of commits, first those that have the wants; nil: none

	Remote string // what messages call the remote
	DryRun bool   // find out, get nothing
	Jobs   int    // requests at once; 0: 8
	Meter  *par.Meter
}

// FetchResult says what a fetch did.
type FetchResult struct {
	UpToDate bool  `json:"up_to_date"` // everything was here
	Files    int   `json:"files"`      // contents stored, each once
	Bytes    int64 `json:"bytes"`      // of those contents
	Received int64 `json:"received"`   // bytes of all requests
	Requests int64 `json:"requests"`
}

// A fetch is one on its way.
type fetch struct {
	opts   FetchOptions
	bucket *remote.Counter
	view   *view
	tab    *table
	local  *inventory
	spares chan []byte // for decoding

	mu     sync.Mutex      // guards the following while several store
	lost   map[int][]error // by want, what can't be had
	batch  *store.Batch
	held   int64 // bytes in batch
	result FetchResult
}

// Fetch stores the wanted content that isn't in the cache yet. Each object is
// hashed before it is stored, so that a damaged or hostile remote can only
// withhold. What can be had is stored, durable, even where something can't:
// the error, of class Missing or Corrupt, names what, by path. Content that
// was stored before an interruption stays.
func Fetch(ctx context.Context, opts FetchOptions) (FetchResult, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = defaultJobs
	}
	if opts.Remote == "" {
		opts.Remote = "the remote"
	}
	f := &fetch{opts: opts, bucket: remote.Count(opts.Bucket), tab: newTable(), local: newInventory(opts.Store)}
	f.view = newView(f.bucket, opts.Jobs, f.tab)
	f.spares = make(chan []byte, opts.Jobs)
	err := f.run(ctx)
	c := f.bucket.Counts()
	f.result.Received, f.result.Requests = c.Received, c.Requests()
	return f.result, err
}

func (f *fetch) run(ctx context.Context) error {
	f.opts.Meter.Phase("looking")
	var absent []int
	for i, w := range f.opts.Wants {
		here, err := f.local.has(ctx, i, w)
		if err != nil {
			return err
		}
		if !here {
			absent = append(absent, i)
		}
	}
	if f.result.UpToDate = len(absent) == 0; f.result.UpToDate {
		return nil
	}
	f.opts.Meter.Phase("fetching")
	final, err := f.attempts(ctx, absent)
	if err != nil {
		return err
	}
	var list errs.List
	for i := range f.opts.Wants {
		for _, err := range final[i] {
			list.Add(err)
		}
	}
	return list.Err()
}

// maxAttempts bounds how many records are tried for one output.
const maxAttempts = 3

// attempts gets the wants with the given numbers, and returns what of each
// can't be had. What one record leads to in vain, others are asked for.
func (f *fetch) attempts(ctx context.Context, numbers []int) (final map[int][]error, err error) {
	final = map[int][]error{}
	avoid := map[object.ID]bool{}
	for range maxAttempts {
		f.lost = map[int][]error{}
		at, err := f.locate(ctx, numbers, avoid)
		if err != nil {
			return nil, err
		}
		f.batch = f.opts.Store.NewBatch()
		err = f.get(ctx, numbers, at)
		// What arrived is good, whatever stopped the rest.
		if err = errors.Join(err, f.commit(context.WithoutCancel(ctx))); err != nil {
			return nil, err
		}
		var again []int
		for _, i := range numbers {
			l, ok := at[i]
			if !ok && final[i] != nil {
				continue // the last attempt knows more
			}
			final[i] = f.lost[i]
			if ok && len(f.lost[i]) > 0 {
				avoid[l.record] = true
				again = append(again, i)
			}
		}
		if numbers = again; len(numbers) == 0 {
			break
		}
	}
	return final, nil
}

// get stores the located wants.
func (f *fetch) get(ctx context.Context, wants []int, at map[int]located) error {
	d := &descent{view: f.view, enter: f.enter, bad: f.badNode}
	d.inner = func(n *node) error { return f.keep(ctx, n) }
	d.leaf = func(nodes []*node) error { return f.leaves(ctx, nodes) }
	var tops []nodeRef
	var files []piece
	for _, i := range wants {
		w := &f.opts.Wants[i]
		l, ok := at[i]
		switch {
		case !ok: // named already
		case l.node != nil:
			d.add(l.node)
		case w.Mode == object.Tree:
			tops = append(tops, nodeRef{id: w.ID, spot: l.spot, at: w.Path, tag: i})
		default:
			files = f.want(files, i, w.ID, w.Size, l.spot, w.Path)
		}
	}
	if err := f.blobs(ctx, files); err != nil {
		return err
	}
	if err := d.addTops(ctx, tops); err != nil {
		return err
	}
	return d.run(ctx)
}

// enter tells whether a child of a node has something that is wanted and not
// here.
func (f *fetch) enter(n *node, k int, after fsx.Path) bool {
	c := &n.list.Children[k]
	return scope(f.opts.Wants[n.tag].Under).meets(after, c.Last) && !f.local.complete[completeKey{n.tag, c.ID}]
}

// badNode names what can't be had because a node can't.
func (f *fetch) badNode(ref nodeRef, err error) {
	if c := ref.child; c != nil {
		f.lose(ref.tag, ref.at, err, "%d files up to %q are out of reach", c.Files, string(c.Last))
		return
	}
	f.lose(ref.tag, ref.at, err, "its list of files can't be read")
}

// lose notes that something at a path of a want can't be had.
func (f *fetch) lose(want int, at fsx.Path, err error, format string, args ...any) {
	hint := "run 'mlv push --verify' where the data is, or fetch from another remote"
	args = append(args, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost[want] = append(f.lost[want], errs.At(errs.KindOf(err), string(at), hint, format+": %w", args...))
}

// keep stores a node.
func (f *fetch) keep(ctx context.Context, n *node) error {
	f.held += int64(len(n.text))
	return f.batch.PutNode(ctx, n.id, n.text)
}

// leaves stores nodes of level 0 and the content of their lines.
func (f *fetch) leaves(ctx context.Context, nodes []*node) error {
	var list []piece
	for _, n := range nodes {
		if err := f.keep(ctx, n); err != nil {
			return err
		}
		under := scope(f.opts.Wants[n.tag].Under)
		for k := range n.list.Entries {
			e := &n.list.Entries[k]
			if e.Size > 0 && under.has(e.Path) {
				list = f.want(list, n.tag, e.ID, e.Size, n.spots[k], n.at.Join(e.Path))
			}
		}
	}
	return f.blobs(ctx, list)
}

// batchBytes is how much is stored before it is made durable.
const batchBytes = 1 << 30

// commit makes what was stored durable.
func (f *fetch) commit(ctx context.Context) error {
	b := f.batch
	f.batch, f.held = f.opts.Store.NewBatch(), 0
	return b.Commit(ctx)
}

// scratch returns an empty buffer to decode into.
func (f *fetch) scratch() []byte {
	select {
	case b := <-f.spares:
		return b[:0]
	default:
		return nil
	}
}

// spare gives one back.
func (f *fetch) spare(b []byte) {
	select {
	case f.spares <- b:
	default:
	}
}
