package transfer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/store"
)

// BenchmarkFirstPush pushes many small files to a folder, and fetches them. The
// floor is what cp -r has to do: a new file for each.
func BenchmarkFirstPush(b *testing.B) {
	for _, size := range []struct{ n, bytes int }{{70_000, 275}, {20_000, 10 << 10}} {
		b.Run(fmt.Sprintf("%dx%d", size.n, size.bytes), func(b *testing.B) {
			dir := b.TempDir()
			s, out := manyFiles(b, dir, size.n, size.bytes)
			floor := copyFiles(b, filepath.Join(dir, "floor"), size.n, size.bytes)
			var push, fetch time.Duration
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				bucket, err := remote.Open(b.Context(), filepath.Join(dir, fmt.Sprint("remote", i)), remote.Options{})
				if err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				if _, err := Push(b.Context(), PushOptions{Store: s, Bucket: bucket, Outputs: []object.Entry{out}}); err != nil {
					b.Fatal(err)
				}
				push += time.Since(start)
				other := openStore(b, filepath.Join(dir, fmt.Sprint("other", i)))
				start = time.Now()
				if _, err := Fetch(b.Context(), FetchOptions{Store: other, Bucket: bucket, Wants: []Want{{Entry: out}}}); err != nil {
					b.Fatal(err)
				}
				fetch += time.Since(start)
			}
			b.ReportMetric(100*push.Seconds()/float64(b.N)/floor.Seconds(), "push-%floor")
			b.ReportMetric(100*fetch.Seconds()/float64(b.N)/floor.Seconds(), "fetch-%floor")
		})
	}
}

func openStore(b *testing.B, dir string) *store.Store {
	b.Helper()
	root, err := fsx.MakeRoot(dir)
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(b.Context(), store.Options{MLV: root, Jobs: 2})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = s.Close(), root.Close() })
	return s
}

// manyFiles stores a directory of n files of random bytes.
func manyFiles(b *testing.B, dir string, n, size int) (*store.Store, object.Entry) {
	b.Helper()
	s := openStore(b, filepath.Join(dir, ".mlv"))
	batch := s.NewBatch()
	random := rand.NewChaCha8([32]byte{1})
	tree := object.NewBuilder(func(n *object.Node) error { return batch.PutNode(b.Context(), n.ID, n.Text) })
	content := make([]byte, size)
	for i := range n {
		_, _ = random.Read(content) // never fails
		e := object.Entry{Path: fsx.Path(fmt.Sprintf("d%04d/f%07d", i/3500, i)), ID: object.Sum(content), Size: int64(size), Mode: object.File}
		if err := batch.Put(b.Context(), e.ID, content); err != nil {
			b.Fatal(err)
		}
		if err := tree.Add(e); err != nil {
			b.Fatal(err)
		}
	}
	root, err := tree.Finish()
	if err == nil {
		err = batch.Commit(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	return s, object.Entry{Path: "data", ID: root.ID, Size: root.Bytes, Mode: object.Tree}
}

// copyFiles writes as many files as a copy of them would.
func copyFiles(b *testing.B, dir string, n, size int) time.Duration {
	b.Helper()
	content := make([]byte, size)
	start := time.Now()
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("d%04d", i/3500))
		if i%3500 == 0 {
			if err := os.MkdirAll(sub, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("f%07d", i)), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}
