package errs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestExitCodeIsThatOfTheOutermostClass(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"success":       {nil, 0},
		"unclassified":  {errors.New("disk on fire"), 1},
		"usage":         {New(Usage, "", "unknown flag"), 2},
		"wrapped":       {fmt.Errorf("stage train: %w", New(Stage, "", "exit status 1")), 4},
		"outermost":     {New(Missing, "", "pull: %w", New(Corrupt, "", "bad frame")), 5},
		"other on top":  {New(Other, "", "pull: %w", New(Corrupt, "", "bad frame")), 6},
		"interrupted":   {New(Stage, "", "train: %w", context.Canceled), 130},
		"no way around": {New(Conflict, "", "x"), 9},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ExitCode(test.err); got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
		})
	}
}

func TestErrorNamesPlace(t *testing.T) {
	err := &Error{Path: "mlv.yaml", Line: 3, Col: 7, Err: errors.New("unknown field")}
	if got, want := err.Error(), "mlv.yaml:3:7: unknown field"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestListCountsShowsThreeAndTakesTheGravest(t *testing.T) {
	var l List
	if l.Err() != nil {
		t.Fatal("an empty list is an error")
	}
	l.Add(nil)
	l.Add(New(Missing, "fetch it", "a"))
	if got := l.Err().Error(); got != "a" {
		t.Errorf("one failure is %q, want it as it is", got)
	}
	for _, name := range []string{"b", "c", "d", "e"} {
		l.Add(New(Corrupt, "heal it", "%s", name))
	}
	err := l.Err()
	if got, want := err.Error(), "5 failures\n  a\n  b\n  c\n  and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if KindOf(err) != Corrupt || strings.Join(Hints(err), "") != "heal it" {
		t.Errorf("kind %v, hints %q", KindOf(err), Hints(err))
	}
}

func TestExitsHasEachCodeOnce(t *testing.T) {
	seen := map[int]bool{}
	for _, e := range Exits() {
		if seen[e.Code] || e.Doc == "" || e.Name == "" {
			t.Errorf("row %+v", e)
		}
		seen[e.Code] = true
	}
	if len(seen) != len(kinds)+2 {
		t.Errorf("%d codes", len(seen))
	}
}
