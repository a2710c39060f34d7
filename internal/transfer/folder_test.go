package transfer

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

func folder(t *testing.T) (b remote.Bucket, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "remote")
	b, err := remote.Open(t.Context(), dir, remote.Options{Project: "01JD"})
	if err != nil {
		t.Fatal(err)
	}
	return b, filepath.Join(dir, "01JD")
}

func TestPushAndFetchThroughAFolder(t *testing.T) {
	s := newSite(t)
	b, dir := folder(t)
	fs := numbered(500)
	fs["weights.bin"] = noise(6<<20, 1)
	outputs := []object.Entry{s.dirOf("data", fs), s.fileOf("model", noise(100_000, 2))}
	s.push(b, outputs)
	if r := s.push(b, outputs); !r.UpToDate || r.Requests != 1 {
		t.Errorf("again: %+v", r)
	}
	if names, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(names) > 0 {
		t.Errorf("%v is left in tmp (%v)", names, err)
	}
	other := newSite(t)
	if r, err := other.fetch(b, history(outputs), outputs...); err != nil {
		t.Fatalf("%+v (%v)", r, err)
	}
	other.wantHere(outputs[0], fs)
	other.wantHere(outputs[1], files{"": noise(100_000, 2)})
}

func TestFetchFromAFolderThatIsNotThere(t *testing.T) {
	s := newSite(t)
	b, _ := folder(t)
	_, err := s.fetch(b, nil, object.Entry{Path: "x", ID: object.Sum(text("x")), Size: 1, Mode: object.File})
	wantKind(t, "fetch", err, errs.Missing)
}

// What was pushed can be had back without mlv.
func TestScriptRestoresWhatWasPushed(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.CommandContext(t.Context(), python, "-c", "import blake3, zstandard").Run()
	}
	if err != nil {
		t.Skip("needs python3 with the packages blake3 and zstandard")
	}
	s := newSite(t)
	b, dir := folder(t)
	old := numbered(400)
	old["weights.bin"] = noise(6<<20, 1)
	fs := numbered(400)
	fs["weights.bin"] = append([]byte("front"), old["weights.bin"]...)
	fs["a\\b\nc"] = text("a name with a backslash and a line feed")
	fs["empty"], fs["zero"] = nil, []byte{}
	before := []object.Entry{s.dirOf("data", old)}
	outputs := []object.Entry{s.dirOf("data", fs), s.fileOf("model", noise(100_000, 2))}
	s.push(b, before)
	s.push(b, outputs, before)
	p, err := newProject(outputs)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[object.ID]files{
		outputs[0].ID: fs,
		p.root.ID:     {"model": noise(100_000, 2), "data/d001/f00123.json": fs["d001/f00123.json"]},
	} {
		dst := filepath.Join(t.TempDir(), "restored")
		cmd := exec.CommandContext(t.Context(), python, "../../docs/examples/restore.py", dir, id.String(), dst)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("restore.py: %v\n%s", err, out)
			continue
		}
		for name, content := range want {
			st, err := os.Stat(filepath.Join(dst, name))
			if err != nil || st.IsDir() != (content == nil) {
				t.Errorf("%q: %v", name, err)
				continue
			}
			if content == nil {
				continue
			}
			if got, err := os.ReadFile(filepath.Join(dst, name)); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%q: %d bytes (%v), want %d", name, len(got), err, len(content))
			}
		}
	}
}
