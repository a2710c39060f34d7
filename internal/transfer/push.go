// Package transfer moves data between a store and a remote: push, fetch, and
// what only a remote holds. A remote is a few large containers, trees of
// directories that say what lies where in them, and a record for each version,
// written last. docs/format/push.md is the protocol.
package transfer

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/store"
)

// Times of the protocol.
const (
	// recordLife is how long a record is young: gc leaves alone what is less
	// than twice as old, so that a push need not look closer.
	recordLife = 15 * 24 * time.Hour
	// pushLife is how long a push may trust what it has read of the remote.
	pushLife = time.Hour
)

// A History yields the outputs of commits that changed them, newest first,
// beginning with HEAD: where a remote may have what is looked for, or
// something like it. It is asked for no more than it takes.
type History = iter.Seq2[[]object.Entry, error]

// PushOptions say what to send where. Outputs are lines of the project tree:
// path from the project's root, ID, size, and mode File, Exec or Tree.
type PushOptions struct {
	Store   *store.Store
	Bucket  remote.Bucket
	Outputs []object.Entry
	Partial bool    // Outputs are only some of the project's: no project tree is written
	History History // nil: none
	Commit  string  // what records name as HEAD; empty: none

	State *fsx.Root     // .mlv, for the journal; nil: a killed push starts anew
	URL   string        // of the remote and the project in it: names the journal
	Wait  time.Duration // for another push from here to the same remote

	Verify  bool // read back what the remote has, and send again what is damaged
	DryRun  bool // find out, send nothing
	Jobs    int  // requests at once; 0: 8
	Workers int  // of hashing and compression; 0: one for each core
	Meter   *par.Meter
}

// PushResult says what a push did.
type PushResult struct {
	UpToDate   bool   `json:"up_to_date"` // nothing had to be sent
	Outputs    int    `json:"outputs"`    // that the remote did not have
	Files      int    `json:"files"`      // contents sent, each once
	Bytes      int64  `json:"bytes"`      // of those contents
	Sent       int64  `json:"sent"`       // bytes of all requests
	Received   int64  `json:"received"`
	Requests   int64  `json:"requests"`
	Containers int    `json:"containers"`
	Checked    int    `json:"checked,omitempty"` // containers that Verify read
	Damaged    int    `json:"damaged,omitempty"` // of these
	Tree       string `json:"tree,omitempty"`    // ID of the project tree
}

// errAgain means that the remote changed under a push, which begins again.
var errAgain = errors.New("the remote changed during the push")

// defaultJobs is how many requests are made at once.
const defaultJobs = 8

// errSmaller means that the store takes no containers of this size: the push
// begins again, sending what is not sent yet in smaller ones.
var errSmaller = errors.New("smaller containers are needed")

// rounds bounds how often a push begins again.
const rounds = 5

// A push is one on its way.
type push struct {
	plan
	opts    PushOptions
	bucket  *remote.Counter
	view    *view
	journal *journal
	meter   *par.Meter
	tree    *project
	result  PushResult
	since   clock
	damage  *damage // nil: nothing is known to be wrong

	now     time.Time          // the remote's, from an answer; zero: not known
	records []*record          // those that places rest on
	settled map[object.ID]bool // roots with a young record of their own
	unasked []tree             // roots whose own records were not asked for
	askAll  bool               // ask for them all
	// unrecorded are the roots that the remote has in no record.
	unrecorded map[object.ID]bool
	bytes      int64 // of the blobs to send
	maxBox     int64 // how large a container may get

	mu sync.Mutex // guards tab.boxes, tab's growth, faults, result and the journal while several send
}

// Push sends to the remote what it lacks of the outputs. When it returns nil,
// all of them are there, complete, with a record each and one for all. An
// output that can't be sent, because something is missing or damaged in the
// cache, stops only itself: the error, of class Missing or Corrupt, names the
// paths. A push that was killed goes on where it was when it is run again.
func Push(ctx context.Context, opts PushOptions) (PushResult, error) {
	if len(opts.Outputs) == 0 {
		return PushResult{UpToDate: true}, nil
	}
	p, err := newPush(ctx, opts)
	if err != nil {
		return PushResult{}, err
	}
	err = p.run(ctx)
	err = errors.Join(err, p.journal.close())
	c := p.bucket.Counts()
	p.result.Sent, p.result.Received, p.result.Requests = c.Sent, c.Received, c.Requests()
	return p.result, err
}

func newPush(ctx context.Context, opts PushOptions) (*push, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = defaultJobs
	}
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	p := &push{opts: opts, bucket: remote.Count(opts.Bucket), meter: opts.Meter, maxBox: maxBox}
	var err error
	if p.tree, err = newProject(opts.Outputs); err != nil {
		return nil, err
	}
	if !opts.Partial {
		p.result.Tree = p.tree.root.ID.String()
	}
	p.journal, err = openJournal(ctx, opts.State, opts.URL, opts.Wait)
	return p, err
}

func (p *push) run(ctx context.Context) error {
	for n := 0; n < rounds; {
		err := p.round(ctx)
		switch {
		case errors.Is(err, errAgain):
			n++
		case errors.Is(err, errSmaller):
			p.maxBox /= 2
		case errors.Is(err, errAskAll): // once: askAll is set
		default:
			return err
		}
		if err := p.journal.again(); err != nil {
			return err
		}
	}
	return errs.New(errs.Other, "try again when nobody else pushes or collects garbage", "%w, %d times", errAgain, rounds)
}

// round is the protocol, from its first step.
func (p *push) round(ctx context.Context) error {
	p.since = startClock()
	p.plan = newPlan()
	p.view = newView(p.bucket, p.opts.Jobs, p.tab)
	p.records, p.damage, p.unasked, p.bytes = nil, nil, nil, 0
	p.settled, p.unrecorded = map[object.ID]bool{}, map[object.ID]bool{}
	if p.opts.Verify {
		if clean, err := p.verify(ctx); err != nil || clean {
			return err
		}
	} else if done, err := p.current(ctx); err != nil || done {
		return err
	}
	if err := p.survey(ctx); err != nil {
		return err
	}
	if p.opts.DryRun {
		return p.report(ctx)
	}
	p.meter.Phase("pushing")
	p.meter.Expect(int64(len(p.need)), p.bytes)
	if err := p.sendBlobs(ctx); err != nil {
		return err
	}
	if err := p.sendNodes(ctx); err != nil {
		return err
	}
	if err := p.unchanged(ctx); err != nil {
		return err
	}
	put, err := p.putRecords(ctx)
	if err != nil {
		return err
	}
	if err := p.afterGC(ctx, put); err != nil {
		return err
	}
	if err := p.report(ctx); err != nil {
		return err
	}
	return p.journal.forget()
}

// A clock tells how long something took. The wall clock counts the time that
// a machine slept, the monotonic one can't be set back: the longer counts.
type clock struct{ start time.Time }

func startClock() clock { return clock{time.Now()} }

func (c clock) elapsed() time.Duration {
	now := time.Now()
	return max(now.Sub(c.start), now.Round(0).Sub(c.start.Round(0)))
}

// storeTime returns the remote's time, or ours if it tells none.
func (p *push) storeTime(ctx context.Context) (time.Time, error) {
	if p.now.IsZero() {
		now, err := remote.Now(ctx, p.bucket)
		if err != nil {
			return time.Time{}, err
		}
		if now.IsZero() {
			now = time.Now()
		}
		p.now = now
	}
	return p.now, nil
}

// young tells whether gc leaves a record alone that was put at t.
func (p *push) young(info remote.Info) bool {
	now := info.Now
	if now.IsZero() {
		now = time.Now()
	}
	age := now.Sub(info.Time)
	return age >= 0 && age < recordLife
}

// current tells whether the remote has all. If it has, records that gc might
// soon look at are written again.
func (p *push) current(ctx context.Context) (bool, error) {
	wanted := []object.ID{p.tree.root.ID}
	if p.opts.Partial {
		wanted = wanted[:0]
		for _, e := range p.tree.lines {
			if hasRecord(e) {
				wanted = append(wanted, e.ID)
			}
		}
	}
	var old []object.ID
	absent := 0
	for _, id := range wanted {
		info, err := p.bucket.Stat(ctx, recordKey(id))
		if !info.Now.IsZero() {
			p.now = info.Now
		}
		switch {
		case errs.KindOf(err) == errs.Missing:
			absent++
		case err != nil:
			return false, err
		case p.young(info):
			p.settled[id] = true
		default:
			old = append(old, id)
		}
	}
	if absent > 0 {
		return false, nil
	}
	if len(old) > 0 && !p.opts.DryRun {
		if ok, err := p.renew(ctx, old); !ok {
			return false, err
		}
	}
	p.result.UpToDate = true
	return true, nil
}

// renew puts records again as they are. It returns false if one can't be read.
func (p *push) renew(ctx context.Context, roots []object.ID) (bool, error) {
	var put []written
	for _, id := range roots {
		r, err := p.view.record(ctx, tree{id: id})
		if err != nil {
			if isLoss(err) {
				err = nil
			}
			return false, err
		}
		put = append(put, written{id, r.bytes})
	}
	if err := p.putAll(ctx, put); err != nil {
		return false, err
	}
	return true, p.afterGC(ctx, put)
}

// hasRecord tells whether an output has a record of its own: all but empty
// files do.
func hasRecord(e object.Entry) bool { return e.Size > 0 || e.Mode == object.Tree }

// unchanged holds that the records on which places rest are what they were:
// else gc was at work.
func (p *push) unchanged(ctx context.Context) error {
	for _, r := range p.records {
		now, err := getAll(ctx, p.bucket, recordKey(r.root), maxRecord)
		if errs.KindOf(err) == errs.Missing || err == nil && !bytes.Equal(now, r.bytes) {
			return errAgain
		}
		if err != nil {
			return err
		}
	}
	p.since = startClock()
	return nil
}

// report counts what was new, and returns what could not be sent.
func (p *push) report(ctx context.Context) error {
	var list errs.List
	for _, e := range p.tree.lines {
		if p.unrecorded[e.ID] {
			p.result.Outputs++
			p.blame(ctx, e, &list)
		}
	}
	for _, i := range p.need {
		if r := p.tab.at(i); r.flags&lost == 0 {
			p.result.Files++
			p.result.Bytes += r.size
		}
	}
	if p.damage != nil {
		p.result.Files -= p.damage.kept
		list.Add(p.damage.list.Err())
	}
	return list.Err()
}
