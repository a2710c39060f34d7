package errs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// shown is how many failures of a batch a summary prints.
const shown = 3

// A List collects the failures of a batch that goes on after each. The zero
// value is ready; it may be used by several goroutines.
type List struct {
	mu   sync.Mutex
	errs []error
}

// Add records err; nil is nothing.
func (l *List) Add(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

// Len returns how many failures were added.
func (l *List) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.errs)
}

// Err returns nil without a failure, the failure itself if there is one, and
// else a summary that counts them, shows the first three and is of the gravest
// class: Corrupt, then Missing, then the first one's. An interruption is
// returned alone.
func (l *List) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch len(l.errs) {
	case 0:
		return nil
	case 1:
		return l.errs[0]
	}
	gravest := l.errs[0]
	var text strings.Builder
	fmt.Fprintf(&text, "%d failures", len(l.errs))
	for i, err := range l.errs {
		if errors.Is(err, context.Canceled) {
			return err
		}
		if weight(err) > weight(gravest) {
			gravest = err
		}
		if i < shown {
			fmt.Fprintf(&text, "\n  %s", err)
		}
	}
	if more := len(l.errs) - shown; more > 0 {
		fmt.Fprintf(&text, "\n  and %d more", more)
	}
	var hint string
	if h := Hints(gravest); len(h) > 0 {
		hint = h[0]
	}
	return &Error{Kind: KindOf(gravest), Hint: hint, Err: errors.New(text.String())}
}

// weight orders classes by gravity.
func weight(err error) int {
	switch KindOf(err) { //nolint:exhaustive // all others weigh nothing
	case Corrupt:
		return 2
	case Missing:
		return 1
	}
	return 0
}
