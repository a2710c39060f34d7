package cli

import (
	"regexp"
	"strings"
	"testing"
)

func TestWordsOfOtherToolsNameCommandsOfOurs(t *testing.T) {
	root := new(App).root()
	for word, s := range ours {
		if _, rest, err := root.Find(strings.Fields(s.command)); s.command != "mlv" && (err != nil || len(rest) > 0) {
			t.Errorf("%q is answered with %q, which is no command", word, s.command)
		}
		for _, m := range regexp.MustCompile("'mlv ([a-z ]+[a-z])").FindAllStringSubmatch(s.hint, -1) {
			if cmd, _, err := root.Find(strings.Fields(m[1])); err != nil || cmd == root {
				t.Errorf("%q: the hint %q names no command", word, s.hint)
			}
		}
		if first := strings.Fields(word)[0]; new(App).known(root, first) {
			t.Errorf("%q is a command of ours", word)
		}
	}
}
