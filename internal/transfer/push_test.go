package transfer

import (
	"fmt"
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

// numbered returns n files of about 300 bytes in folders of 100.
func numbered(n int) files {
	fs := files{}
	for i := range n {
		fs[fmt.Sprintf("d%03d/f%05d.json", i/100, i)] = fmt.Appendf(nil, `{"number": %d, "square": %d, "what": "%x"}`, i, i*i, object.Sum(fmt.Append(nil, i)))
	}
	return fs
}

func TestPushSendsEverythingOnce(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	images := numbered(300)
	images["empty"] = nil
	images["zero"] = []byte{}
	other := files{"copy": images["d000/f00007.json"], "big": make([]byte, 100_000)}
	outputs := []object.Entry{
		s.dirOf("data/images", images), s.dirOf("data/other", other), s.dirOf("nothing", files{}),
		s.fileOf("model.bin", text("weights")), s.fileOf("model.copy", text("weights")), s.fileOf("none", nil),
	}
	r := s.push(mem, outputs)
	if r.UpToDate || r.Files != 302 || r.Outputs != 5 || r.Containers != 2 {
		t.Errorf("result %+v", r)
	}
	roots := audit(t, mem)
	wantFiles(t, "images", roots[outputs[0].ID], images)
	wantFiles(t, "other", roots[outputs[1].ID], other)
	wantFiles(t, "nothing", roots[outputs[2].ID], files{})
	wantFiles(t, "model", roots[outputs[3].ID], files{"": text("weights")})
	all := files{"model.bin": text("weights"), "model.copy": text("weights"), "none": {}}
	for name, b := range images {
		all["data/images/"+name] = b
	}
	for name, b := range other {
		all["data/other/"+name] = b
	}
	project, err := newProject(outputs)
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, "project", roots[project.root.ID], all)
	if len(roots) != 5 {
		t.Errorf("%d records, want images, other, nothing, model, project", len(roots))
	}
}

func TestPushOfWhatIsThereIsOneRequest(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	outputs := []object.Entry{s.dirOf("data", numbered(50)), s.fileOf("model.bin", text("weights"))}
	s.push(mem, outputs)
	if r := s.push(mem, outputs); !r.UpToDate || r.Requests != 1 || r.Sent != 0 {
		t.Errorf("result %+v", r)
	}
}
