package spec

import (
	"bytes"
	"slices"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Rule is a line of an ignore file.
type Rule struct {
	Dir     fsx.Path // the folder that the file stands in
	Line    int      // from 1
	Text    string   // as written
	Negated bool     // what it matches is not ignored
}

// IgnoreRules returns the lines that speak of path, of the ignore files whose
// content is given by folder, the one that decides last. Where a folder above
// the path is ignored, its lines are meant: in it nothing can be brought back.
func IgnoreRules(files map[fsx.Path][]byte, path fsx.Path, folder bool) []Rule {
	for n := range len(path) {
		if path[n] != '/' {
			continue
		}
		if rules := matching(files, path[:n], true); len(rules) > 0 && !rules[len(rules)-1].Negated {
			return rules
		}
	}
	return matching(files, path, folder)
}

// matching returns the lines that match path itself.
func matching(files map[fsx.Path][]byte, path fsx.Path, folder bool) (rules []Rule) {
	for dir := path.Dir(); ; dir = dir.Dir() {
		rules = append(rules, matchingIn(dir, files[dir], path, folder)...)
		if dir == "" {
			break
		}
	}
	slices.Reverse(rules) // the file nearest to the path, and in it the last line, decides
	return rules
}

// matchingIn returns the lines of one file that match, the last first.
func matchingIn(dir fsx.Path, content []byte, path fsx.Path, folder bool) (rules []Rule) {
	lines := bytes.Split(bytes.TrimPrefix(content, []byte("\ufeff")), []byte("\n"))
	for n, line := range slices.Backward(lines) {
		text := string(bytes.TrimSuffix(line, []byte("\r")))
		if r, ok := parseRule(text); ok && r.match(string(path.Rel(dir)), folder) {
			rules = append(rules, Rule{Dir: dir, Line: n + 1, Text: text, Negated: r.negated})
		}
	}
	return rules
}
