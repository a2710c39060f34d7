package ui

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlv-dev/mlv/internal/par"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func screen(err *strings.Builder, in string, pairs ...string) *Screen {
	return New(Options{In: strings.NewReader(in), Out: &strings.Builder{}, Err: err, Env: env(pairs...)})
}

func TestColourFollowsTheTerminalTheEnvironmentAndTheFlag(t *testing.T) {
	for name, test := range map[string]struct {
		env  []string
		flag string
		want bool
	}{
		"pipe":              {nil, "", false},
		"terminal":          {[]string{"MLV_FORCE_TTY=80"}, "", true},
		"NO_COLOR":          {[]string{"MLV_FORCE_TTY=80", "NO_COLOR=1"}, "", false},
		"forced on a pipe":  {[]string{"CLICOLOR_FORCE=1"}, "", true},
		"forced with 0":     {[]string{"CLICOLOR_FORCE=0"}, "", false},
		"always":            {[]string{"NO_COLOR=1"}, "always", true},
		"never":             {[]string{"MLV_FORCE_TTY=80", "CLICOLOR_FORCE=1"}, "never", false},
		"width is no width": {[]string{"MLV_FORCE_TTY=wide"}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := screen(new(strings.Builder), "", test.env...)
			if test.flag != "" {
				s.Color(test.flag == "always")
			}
			if got := s.Out.Paint(Bad, "x") != "x"; got != test.want {
				t.Errorf("colour %v, want %v", got, test.want)
			}
		})
	}
}

func TestWidthIsForcedOrPlain(t *testing.T) {
	if got := screen(nil, "", "MLV_FORCE_TTY=120").Out.Width(); got != 120 {
		t.Errorf("forced width %d", got)
	}
	if got := screen(nil, "").Out.Width(); got != plainWidth {
		t.Errorf("plain width %d", got)
	}
}

// work counts for a while, as a command would, and never just when the screen
// looks.
func work(m *par.Meter, steps int, step time.Duration) {
	m.Phase("hashing")
	m.Expect(int64(steps), int64(steps)*1e6)
	time.Sleep(step / 2)
	for range steps {
		time.Sleep(step)
		m.Add(1, 1e6)
	}
}

func TestProgressOfShortWorkIsNotShown(t *testing.T) {
	for _, tty := range []string{"MLV_FORCE_TTY=80", "X="} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			m := new(par.Meter)
			stop := screen(&out, "", tty).Watch(m)
			work(m, 4, 100*time.Millisecond)
			stop()
			stop()
			if out.Len() > 0 {
				t.Errorf("%s: %q", tty, out.String())
			}
		})
	}
}

func TestProgressIsOneLineThatMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := new(par.Meter)
		s := screen(&out, "", "MLV_FORCE_TTY=80")
		stop := s.Watch(m)
		work(m, 10, 100*time.Millisecond)
		if _, err := s.Err.Write([]byte("warning\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(redraw * 2)
		stop()
		frames := strings.Split(out.String(), "\r\x1b[K")
		if first := frames[0]; !strings.HasPrefix(first, "hashing  ") || !strings.Contains(first, "/10 files  ") {
			t.Errorf("first frame %q", first)
		}
		if !strings.Contains(out.String(), "\r\x1b[Kwarning\nhashing") {
			t.Errorf("the line did not make room: %q", out.String())
		}
		if frames[len(frames)-1] != "" {
			t.Errorf("the line was left: %q", out.String())
		}
		if !strings.Contains(out.String(), "10.0 MB/s  0:00 left") {
			t.Errorf("no rate of 10 MB/s: %q", out.String())
		}
	})
}

func TestProgressWithoutATerminalIsALineEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := new(par.Meter)
		stop := screen(&out, "").Watch(m)
		work(m, 12, time.Second)
		stop()
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 2 || strings.ContainsAny(out.String(), "\r\x1b") {
			t.Fatalf("lines %q", lines)
		}
		if want := "hashing  9/12 files  9.0 MB of 12.0 MB  1.0 MB/s  0:03 left"; lines[1] != want {
			t.Errorf("got  %q\nwant %q", lines[1], want)
		}
	})
}

func TestLongProgressIsCutToTheWidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := new(par.Meter)
		stop := screen(&out, "", "MLV_FORCE_TTY=20").Watch(m)
		work(m, 10, 100*time.Millisecond)
		stop()
		for frame := range strings.SplitSeq(out.String(), "\r\x1b[K") {
			if len([]rune(frame)) > 19 {
				t.Errorf("frame %q", frame)
			}
		}
	})
}

func TestAskTakesOnlyYesForYes(t *testing.T) {
	for in, want := range map[string]bool{"y\n": true, "YES\n": true, "yes": true, "\n": false, "": false, "yess\n": false, "n\n": false} {
		var out strings.Builder
		s := screen(&out, in, "MLV_FORCE_TTY=80")
		if !s.CanAsk() {
			t.Fatal("a forced terminal can be asked")
		}
		got, err := s.Ask(t.Context(), "go on?")
		if err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", in, got, err, want)
		}
		if out.String() != "go on? [y/N] " {
			t.Errorf("asked %q", out.String())
		}
	}
	if screen(new(strings.Builder), "").CanAsk() {
		t.Error("a pipe can be asked")
	}
}

func TestAskEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = w.Close(), r.Close() }()
	s := New(Options{In: r, Out: new(strings.Builder), Err: new(strings.Builder), Env: env("MLV_FORCE_TTY=80")})
	if yes, err := s.Ask(ctx, "go on?"); yes || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", yes, err)
	}
}
