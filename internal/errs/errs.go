// Package errs classifies failures, so that the same cause always ends in the
// same exit code and the same hint.
package errs

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Kind is the class of a failure. It decides the exit code and nothing else.
type Kind uint8

// The classes of failure.
const (
	Other    Kind = iota // unclassified: I/O, network, a bug
	Usage                // the command line, or a file that a person writes, is wrong
	Negative             // the command worked and the answer is no
	Stage                // something that the project runs failed
	Missing              // an object is neither here nor on the remote
	Corrupt              // bytes do not match their ID or their format
	Locked               // another process holds what is needed
	Denied               // no right, or no trust
	Conflict             // going on would overwrite unsaved work
)

// interrupted is the exit code of a run that Ctrl-C ended; it has no Kind,
// since context.Canceled says it.
const interrupted = 130

// An Exit is one row of the table of exit codes.
type Exit struct {
	Code int
	Name string // the word that JSON errors carry in "kind"
	Doc  string
}

// kinds is the only list of classes: the process's status, the topic
// exit-codes of mlv help and JSON errors are made from it.
var kinds = [...]Exit{
	Other:    {1, "failed", "The command failed."},
	Usage:    {2, "usage", "The command line or a file that you write is wrong; nothing was done."},
	Negative: {3, "negative", "The command worked, and the answer is no: a gate failed, or --exit-code found a difference."},
	Stage:    {4, "stage", "Something that the project runs failed: a stage's command."},
	Missing:  {5, "missing", "An object is neither in the cache nor on the remote."},
	Corrupt:  {6, "corrupt", "Stored bytes do not match their hash or their format."},
	Locked:   {7, "locked", "Another mlv process holds what this one needs; --wait waits for it."},
	Denied:   {8, "denied", "Access was denied, or the remote is not trusted yet."},
	Conflict: {9, "conflict", "The command would overwrite unsaved work."},
}

// Exits returns the table of exit codes in order, success and interruption
// included.
func Exits() []Exit {
	table := []Exit{{0, "done", "Done: what was asked for is durable and complete."}}
	table = append(table, kinds[:]...)
	return append(table, Exit{interrupted, "interrupted", "Ctrl-C or SIGTERM ended the command; running it again goes on."})
}

func (k Kind) String() string { return kinds[k].Name }

// Error adds to an error its class, the thing concerned and a way out.
type Error struct {
	Kind       Kind
	Path       string   // file, stage, remote or object concerned, as the user knows it
	Line, Col  int      // from 1; 0: unknown
	Hint       string   // one imperative line: "run 'mlv pull data/raw'"
	Candidates []string // what was perhaps meant, nearest first
	Err        error
}

// New returns an Error without a path. A %w in format is unwrapped as in
// fmt.Errorf.
func New(kind Kind, hint, format string, args ...any) *Error {
	return &Error{Kind: kind, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// At returns an Error about path.
func At(kind Kind, path, hint, format string, args ...any) *Error {
	return &Error{Kind: kind, Path: path, Hint: hint, Err: fmt.Errorf(format, args...)}
}

func (e *Error) Error() string {
	switch {
	case e.Path == "":
		return e.Err.Error()
	case e.Line == 0:
		return e.Path + ": " + e.Err.Error()
	case e.Col == 0:
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Col, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the outermost class in err's chain that is not Other.
func KindOf(err error) Kind {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			break
		}
		if e.Kind != Other {
			return e.Kind
		}
		err = e.Err
	}
	return Other
}

// ExitCode returns the documented process status for err.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return interrupted
	default:
		return kinds[KindOf(err)].Code
	}
}

// Hints returns the hints in err's chain, outermost first, each once.
func Hints(err error) (hints []string) {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			break
		}
		if e.Hint != "" && !slices.Contains(hints, e.Hint) {
			hints = append(hints, e.Hint)
		}
		err = e.Err
	}
	return hints
}
