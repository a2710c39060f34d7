package proc

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets this test's program stand in for mlv as the guard and for the
// small programs that tests run.
func TestMain(m *testing.M) {
	// First: a guard inherits the environment of the program that it guards.
	if code, is := GuardMain(context.Background(), os.Args); is {
		os.Exit(code)
	}
	if f := programs[os.Getenv("PROC_TEST_PROGRAM")]; f != nil {
		os.Exit(f())
	}
	os.Exit(m.Run())
}

// programs are what tests run, by the value of PROC_TEST_PROGRAM, so that they
// need no tools of the machine.
var programs = map[string]func() int{
	"cat": func() int {
		_, _ = io.Copy(os.Stdout, os.Stdin)
		return 0
	},
	"fail": func() int {
		_, _ = io.WriteString(os.Stdout, "half")
		_, _ = io.WriteString(os.Stderr, strings.Repeat("x", 2*tailSize)+" the end\n")
		return 3
	},
	"env": func() int {
		_, _ = io.WriteString(os.Stdout, os.Getenv("A")+"|"+os.Getenv("B"))
		return 0
	},
	// An mlv to be killed: it runs the script in its folder under a guard.
	"mlv": func() int {
		text, err := os.ReadFile("script")
		if err != nil {
			return 1
		}
		path, args, err := Shell(string(text))
		if err != nil {
			return 1
		}
		var g Guard
		job := Job{Path: path, Args: args, Hold: Hold{".", "hold"}}
		_, _ = g.Run(context.Background(), job, io.Discard)
		return 1
	},
	"sleep": func() int {
		time.Sleep(time.Hour)
		return 0
	},
}

// program returns a Cmd that runs the program called name.
func program(t *testing.T, name string) Cmd {
	t.Helper()
	if programs[name] == nil {
		t.Fatalf("no program %q", name)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Cmd{Path: self, Env: []string{"PROC_TEST_PROGRAM=" + name}}
}

func TestOutputReturnsWhatTheProgramWrites(t *testing.T) {
	cmd := program(t, "cat")
	cmd.Stdin = strings.NewReader("hello\n")
	if got, err := Output(t.Context(), cmd); err != nil || string(got) != "hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestOutputOfAFailureHasItsStatusAndTheEndOfItsErrors(t *testing.T) {
	got, err := Output(t.Context(), program(t, "fail"))
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 3 || !strings.HasSuffix(exit.Stderr, " the end") ||
		!strings.HasPrefix(exit.Stderr, "…") || len(exit.Stderr) > tailSize+8 {
		t.Errorf("error %v", err)
	}
	if string(got) != "half" {
		t.Errorf("output %q, want what there was", got)
	}
}

func TestOutputSetsAndUnsetsTheEnvironment(t *testing.T) {
	t.Setenv("A", "from outside")
	t.Setenv("B", "from outside")
	cmd := program(t, "env")
	cmd.Env = append(cmd.Env, "A=inner", "B")
	if got, err := Output(t.Context(), cmd); err != nil || string(got) != "inner|" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestOutputEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err := Output(ctx, program(t, "sleep"))
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

func TestOutputOfAnAbsentProgramSaysSo(t *testing.T) {
	_, err := Output(t.Context(), Cmd{Path: filepath.Join(t.TempDir(), "no-such")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := Find("no-such-program-anywhere"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
}

func TestStreamAnswersLineByLine(t *testing.T) {
	s, err := Start(t.Context(), program(t, "cat"))
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(s)
	for _, line := range []string{"one\n", "two\n"} {
		if _, err := io.WriteString(s, line); err != nil {
			t.Fatal(err)
		}
		if got, err := r.ReadString('\n'); err != nil || got != line {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestStreamReadToItsEndTellsHowTheProgramEnded(t *testing.T) {
	s, err := Start(t.Context(), program(t, "fail"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(s); err != nil || string(got) != "half" {
		t.Errorf("got %q, %v", got, err)
	}
	var exit *ExitError
	if err := s.Close(); !errors.As(err, &exit) || exit.Code != 3 {
		t.Errorf("close: %v", err)
	}
}

func TestStreamLeftEarlyIsKilledWithoutAnError(t *testing.T) {
	s, err := Start(t.Context(), program(t, "sleep"))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := s.Close(); err != nil || time.Since(begun) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}
