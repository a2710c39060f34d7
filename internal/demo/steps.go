package demo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// What the pipeline makes. metrics.json is small and lies in git.
var (
	prepared = []fsx.Path{"data/train.csv", "data/test.csv"}
	trained  = []fsx.Path{"model.json", "confusion.csv", "metrics.json"}
	made     = append(append([]fsx.Path{}, prepared...), trained...)
)

// steps are the story, in order.
var steps = []step{
	{"Track data", "git holds a small pointer; the bytes stay out of it.", trackData},
	{"Share it", "A remote is a bucket, or, as here, a folder that others reach, too.", share},
	{"A pipeline", "Stages say what is made from what. What is up to date does not run again.", pipeline},
	{"Change one parameter", "status says what is stale and why; repro runs that and no more.", changeParameter},
	{"What the reviewer sees", "The branch against main: what the change did, and what was changed.", review},
	{"A colleague", "A clone of the code, then the same bytes from the remote; nothing has to run.", colleague},
	{"Back to the first version", "git goes back to the pointers, mlv to the bytes.", goBack},
}

func trackData(s *story) error {
	s.at = "penguins"
	if err := s.put("data", "penguins.csv"); err != nil {
		return err
	}
	if err := s.all([]string{"git", "init", "-q", "-b", "main"}, []string{"mlv", "init"}, []string{"mlv", "add", "data/penguins.csv"}); err != nil {
		return err
	}
	if err := s.commit("Track the penguins"); err != nil {
		return err
	}
	listed, err := s.run("git", "ls-files")
	if err != nil {
		return err
	}
	if strings.Contains(listed, "penguins.csv\n") || !strings.Contains(listed, "data/penguins.csv.mlv\n") {
		return fmt.Errorf("git tracks %q: the pointer should be there, the data should not", listed)
	}
	return nil
}

func share(s *story) error {
	if err := s.all([]string{"mlv", "remote", "add", "-d", "store", "../store"}, []string{"mlv", "push"}); err != nil {
		return err
	}
	return s.commit("Share through a folder")
}

func pipeline(s *story) error {
	if err := s.put("", "prepare.py", "train.py", "evaluate.py", "params.json"); err != nil {
		return err
	}
	stages, err := file("stages.yaml")
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(stages), "cmd: python3 ", "cmd: "+s.python+" ")
	project, err := s.read("mlv.yaml")
	if err != nil {
		return err
	}
	if err := s.write("mlv.yaml", append(project, text...)); err != nil {
		return err
	}
	s.say("   (adds to mlv.yaml)\n%s", indent(text))
	if _, err := s.run("mlv", "repro"); err != nil {
		return err
	}
	if err := s.remember(made...); err != nil {
		return err
	}
	if _, err := s.run("mlv", "repro"); err != nil {
		return err
	}
	if err := s.kept("nothing ran the second time", made...); err != nil {
		return err
	}
	if err := s.sum("first", made...); err != nil {
		return err
	}
	if err := s.commit("A pipeline from the penguins to a model"); err != nil {
		return err
	}
	return s.all([]string{"mlv", "push"})
}

func changeParameter(s *story) error {
	if err := s.all([]string{"git", "switch", "-q", "-c", "more-steps"}); err != nil {
		return err
	}
	if err := s.change("params.json", `"steps": 5`, `"steps": 40`); err != nil {
		return err
	}
	if _, err := s.run("git", "diff", "-U0", "params.json"); err != nil {
		return err
	}
	why, err := s.run("mlv", "status")
	if err != nil {
		return err
	}
	if !strings.Contains(why, "train") || !strings.Contains(why, "steps") {
		return errors.New("mlv status should say that train is stale, and that steps is why")
	}
	if err := s.remember(made...); err != nil {
		return err
	}
	if _, err := s.run("mlv", "repro"); err != nil {
		return err
	}
	if err := s.kept("the data were not prepared again", prepared...); err != nil {
		return err
	}
	if err := s.rewritten("the model was trained and measured again", trained...); err != nil {
		return err
	}
	if err := s.sum("second", made...); err != nil {
		return err
	}
	if err := s.commit("Train for longer"); err != nil {
		return err
	}
	return s.all([]string{"mlv", "push"})
}

func review(s *story) error {
	out, err := s.run("mlv", "metrics", "diff", "main")
	if err != nil {
		return err
	}
	for _, want := range []string{"accuracy", "log_loss", "macro_f1"} {
		if !strings.Contains(out, want) {
			return fmt.Errorf("mlv metrics diff main does not show %s", want)
		}
	}
	if out, err = s.run("mlv", "params", "diff", "main"); err != nil {
		return err
	}
	if !strings.Contains(out, "steps") || strings.Contains(out, "seed") {
		return errors.New("mlv params diff main should show train.steps and nothing else")
	}
	return nil
}

func colleague(s *story) error {
	s.at = ""
	if err := s.all([]string{"git", "clone", "-q", "penguins", "colleague"}); err != nil {
		return err
	}
	s.at = "colleague"
	if err := s.absent("the clone has no data yet", "data/penguins.csv"); err != nil {
		return err
	}
	if err := s.all([]string{"mlv", "pull"}); err != nil {
		return err
	}
	if err := s.equal("every file has the bytes that were pushed", "second", made...); err != nil {
		return err
	}
	if err := s.remember(made...); err != nil {
		return err
	}
	if err := s.all([]string{"mlv", "repro"}); err != nil {
		return err
	}
	return s.kept("nothing ran on the colleague's machine", made...)
}

func goBack(s *story) error {
	if err := s.all([]string{"git", "switch", "-q", "--detach", "origin/main"}, []string{"mlv", "fetch"}, []string{"mlv", "checkout"}); err != nil {
		return err
	}
	if err := s.equal("every file is as it was in step 3", "first", made...); err != nil {
		return err
	}
	return s.all([]string{"mlv", "status"})
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		b.WriteString("   | " + line)
	}
	return b.String()
}
