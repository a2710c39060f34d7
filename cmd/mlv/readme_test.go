//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A step is a command of a document, and what the document says it prints.
type step struct {
	line    int
	command string
	want    string
}

// TestReadme runs the commands in README.md's console blocks, in order, in one
// empty folder, and compares what they print: "…" stands for anything.
func TestReadme(t *testing.T) {
	for _, name := range []string{"README.md"} {
		t.Run(name, func(t *testing.T) { runDocument(t, filepath.Join("../..", name)) })
	}
}

func runDocument(t *testing.T, name string) {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	steps := consoleSteps(string(b))
	if len(steps) < 5 {
		t.Fatalf("%s has %d commands in console blocks", name, len(steps))
	}
	dir := t.TempDir()
	bin := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(exe, filepath.Join(bin, "mlv")); err != nil { // testscript.Main looks at its name
		t.Fatal(err)
	}
	cwd := dir
	for _, s := range steps {
		cmd := exec.Command("sh", "-ec", s.command+"\npwd >"+bin+"/cwd")
		cmd.Dir = cwd
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+dir, "XDG_CONFIG_HOME="+dir+"/.config",
			"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=you", "GIT_AUTHOR_EMAIL=you@example.com",
			"GIT_COMMITTER_NAME=you", "GIT_COMMITTER_EMAIL=you@example.com", "NO_COLOR=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s:%d: %s: %v\n%s", name, s.line, s.command, err, out)
		}
		if got := strings.TrimRight(string(out), "\n"); !matches(s.want, got) {
			t.Errorf("%s:%d: %s printed\n%s\nbut the document says\n%s", name, s.line, s.command, got, s.want)
		}
		if at, err := os.ReadFile(filepath.Join(bin, "cwd")); err == nil {
			cwd = strings.TrimSpace(string(at))
		}
	}
}

// consoleSteps returns the commands of the ```console blocks: a line with a
// prompt, the lines of its here-document, then its output.
func consoleSteps(text string) (steps []step) {
	in, until := false, "" // until ends a here-document
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			in = line == "```console"
		case !in:
		case until != "":
			last := &steps[len(steps)-1]
			last.command += "\n" + line
			if line == until {
				until = ""
			}
		case strings.HasPrefix(line, "$ "):
			steps = append(steps, step{line: i + 1, command: line[2:]})
			_, word, _ := strings.Cut(line, "<<'")
			until, _, _ = strings.Cut(word, "'")
		case len(steps) > 0:
			last := &steps[len(steps)-1]
			last.want += line + "\n"
		}
	}
	for i := range steps {
		steps[i].want = strings.TrimRight(steps[i].want, "\n")
	}
	return steps
}

// matches tells whether got is what a document says, where "…" is anything. A
// command without output in the document may print what it likes.
func matches(want, got string) bool {
	if want == "" {
		return true
	}
	var pattern strings.Builder
	for i, part := range strings.Split(want, "…") {
		if i > 0 {
			pattern.WriteString(`(?s:.*)`)
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	ok, err := regexp.MatchString("^"+pattern.String()+"$", got)
	return ok && err == nil
}
