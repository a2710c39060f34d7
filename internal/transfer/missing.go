package transfer

import (
	"context"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

// MissingOptions say what a remote should have; see PushOptions.
type MissingOptions struct {
	Bucket  remote.Bucket
	Outputs []object.Entry
	Partial bool
	History History
	Jobs    int // requests at once; 0: 8
}

// Missing returns those outputs that a remote lacks, as far as its records
// tell, in their order. Where the remote has all of a project's outputs, that
// is one request.
func Missing(ctx context.Context, opts MissingOptions) ([]object.Entry, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = defaultJobs
	}
	var outputs []object.Entry
	for _, e := range opts.Outputs {
		if hasRecord(e) {
			outputs = append(outputs, e)
		}
	}
	if len(outputs) == 0 {
		return nil, nil
	}
	if !opts.Partial {
		p, err := newProject(opts.Outputs)
		if err != nil {
			return nil, err
		}
		_, err = opts.Bucket.Stat(ctx, recordKey(p.root.ID))
		if err == nil || errs.KindOf(err) != errs.Missing {
			return nil, err
		}
	}
	f := newFinder(newView(opts.Bucket, opts.Jobs, newTable()), opts.History)
	if err := f.find(ctx, outputs); err != nil {
		return nil, err
	}
	return f.rest(outputs), nil
}
