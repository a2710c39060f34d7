package proc

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestLogKeepsTheLastStateOfARewrittenLine(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\n":                       "a\nb\n",
		"a\r\nb\r\n":                   "a\nb\n",
		" 10%\r 20%\r100%\ndone\n":     "100%\ndone\n",
		"\r 10%\r 20%":                 " 20%\n",
		"no end":                       "no end\n",
		"kept\r":                       "kept\n",
		"a\r\r\nb":                     "a\nb\n",
		"":                             "",
		strings.Repeat("x", maxLine+1): strings.Repeat("x", maxLine+1),
	} {
		var out bytes.Buffer
		l := NewLog(&out)
		_, err := io.WriteString(l, in)
		if err == nil {
			err = l.Close()
		}
		if err != nil || out.String() != want {
			t.Errorf("%.20q: got %.20q, %v, want %.20q", in, out.String(), err, want)
		}
	}
}

func TestMaskHidesSecretsAndHoldsNothingElseBack(t *testing.T) {
	var out bytes.Buffer
	m := NewMask(&out, []string{"hunter2x", "hunter2x-long", ""})
	for _, step := range []struct{ write, want string }{
		{"key hunter2x!", "key ***!"},
		{" hunt", "key ***! "},
		{"ing\n", "key ***! hunting\n"},
		{"hunter2", "key ***! hunting\n"},
		{"x-", "key ***! hunting\n"},
		{"long.", "key ***! hunting\n***."},
		{"hunter2x", "key ***! hunting\n***."},
	} {
		if _, err := io.WriteString(m, step.write); err != nil || out.String() != step.want {
			t.Fatalf("after %q: %q, %v, want %q", step.write, out.String(), err, step.want)
		}
	}
	if err := m.Close(); err != nil || !strings.HasSuffix(out.String(), "***.***") {
		t.Errorf("in the end %q, %v", out.String(), err)
	}
}

func TestSecretsAreFoundByName(t *testing.T) {
	t.Setenv("WANDB_API_KEY", "0123456789")
	t.Setenv("SHORT_TOKEN", "1")
	t.Setenv("MONKEY_HOUSE", "not-a-secret")
	got := Secrets([]string{"db_password=letmein-please", "WANDB_API_KEY=replaced-by-this"})
	for _, s := range []string{"letmein-please", "replaced-by-this"} {
		if !slices.Contains(got, s) {
			t.Errorf("%q is not in %q", s, got)
		}
	}
	for _, s := range []string{"0123456789", "1", "not-a-secret"} {
		if slices.Contains(got, s) {
			t.Errorf("%q is in %q", s, got)
		}
	}
}

// However writes are cut, a log and a mask write the same.
func FuzzWritersDoNotDependOnCuts(f *testing.F) {
	f.Add("a\rb\nsecret\r\nsec", "secret", 3)
	f.Fuzz(func(t *testing.T, text, secret string, cut int) {
		if cut < 0 || cut > len(text) {
			return
		}
		write := func(pieces ...string) (string, string) {
			var log, masked bytes.Buffer
			l, m := NewLog(&log), NewMask(&masked, []string{secret, secret + "x"})
			for _, p := range pieces {
				_, _ = io.WriteString(l, p)
				_, _ = io.WriteString(m, p)
			}
			_, _ = l.Close(), m.Close()
			return log.String(), masked.String()
		}
		log1, mask1 := write(text)
		log2, mask2 := write(text[:cut], text[cut:])
		if log1 != log2 || mask1 != mask2 {
			t.Errorf("log %q, %q; mask %q, %q", log1, log2, mask1, mask2)
		}
		if secret != "" && !strings.Contains(mask+mask, secret) && strings.Contains(mask1, secret) && !strings.Contains(secret, "*") {
			t.Errorf("%q is in %q", secret, mask1)
		}
	})
}
