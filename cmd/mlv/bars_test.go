//go:build unix

package main

import (
	"bytes"
	"crypto/rand"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	bars        = flag.Bool("bars", false, "measure mlv beside the floors of docs/benchmarks.md; nothing else may run")
	barsRounds  = flag.Int("bars.rounds", 5, "how often each measurement is made")
	barsOnly    = flag.String("bars.only", "", "measure only rows whose name contains this")
	barsMillion = flag.Bool("bars.million", false, "measure a directory of a million files, too")
)

// TestBars times whole processes: mlv, and beside it in the same round the
// program that does the least work anything could do there. Ratios of medians
// are what counts; a machine's speed drifts. It asserts nothing: a timing is no
// test.
func TestBars(t *testing.T) {
	if !*bars {
		t.Skip("run it with: make bench")
	}
	b := &bench{t: t, dir: t.TempDir(), rows: map[string]*row{}}
	b.build()
	b.startup()
	b.files("mnist", 70_000, 275, 20)
	b.files("small", 20_000, 10<<10, 20)
	b.large()
	if *barsMillion {
		b.files("million", 1_000_000, 60, 1000)
	}
	b.print()
}

// A row is one line of the table.
type row struct {
	name, floor string
	bar         float64 // 0: none is set
	mlv, base   []usage
	cpu         bool // CPU time is compared, not wall time
}

type usage struct {
	wall, cpu time.Duration
	rss       int64 // bytes
}

type bench struct {
	t     *testing.T
	dir   string
	mlv   string
	order []string
	rows  map[string]*row
	n     int
}

func (b *bench) build() {
	b.mlv = filepath.Join(b.dir, "mlv")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "disable_grpc_modules", "-ldflags", "-s -w -buildid=", "-o", b.mlv, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("build: %v\n%s", err, out)
	}
}

// run runs a command in dir and returns what it used. mlv stands for the
// program under test.
func (b *bench) run(dir string, args ...string) usage {
	b.t.Helper()
	if args[0] == "mlv" {
		args[0] = b.mlv
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "XDG_CONFIG_HOME="+b.dir+"/config")
	var out bytes.Buffer
	cmd.Stderr = &out
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		b.t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	u := usage{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.rss = ru.Maxrss << 10
	}
	return u
}

// floor and measure add a round to a row.
func (b *bench) row(name, floor string, bar float64, cpu bool) *row {
	if b.rows[name] == nil {
		b.rows[name] = &row{name: name, floor: floor, bar: bar, cpu: cpu}
		b.order = append(b.order, name)
	}
	return b.rows[name]
}

func (b *bench) wanted(name string) bool { return strings.Contains(name, *barsOnly) }

// project makes a new project and returns its folder.
func (b *bench) project(remote bool) string {
	b.n++
	dir := filepath.Join(b.dir, fmt.Sprintf("p%d", b.n))
	b.must(os.MkdirAll(dir, 0o755))
	b.run(dir, "git", "init", "-q")
	b.run(dir, "mlv", "init", "-q")
	if remote {
		b.run(dir, "mlv", "remote", "add", "-q", "origin", filepath.Join(b.dir, fmt.Sprintf("r%d", b.n)))
	}
	return dir
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) sync() { b.run(b.dir, "sync") }

// startup measures what every command pays.
func (b *bench) startup() {
	dir := b.project(false)
	b.must(os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a\n"), 0o644))
	b.run(dir, "mlv", "add", "-q", "a.txt")
	b.run(dir, "git", "add", ".")
	b.run(dir, "git", "-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "b")
	stages := b.project(false)
	var yaml bytes.Buffer
	old, err := os.ReadFile(filepath.Join(stages, "mlv.yaml"))
	b.must(err)
	yaml.Write(old)
	yaml.WriteString("stages:\n")
	for i := range 100 {
		fmt.Fprintf(&yaml, "  s%d:\n    cmd: cp in%d out%d\n    deps: [in%d]\n    outs: [out%d]\n", i, i, i, i, i)
		b.must(os.WriteFile(filepath.Join(stages, fmt.Sprint("in", i)), []byte(fmt.Sprint(i)), 0o644))
	}
	b.must(os.WriteFile(filepath.Join(stages, "mlv.yaml"), yaml.Bytes(), 0o644))
	b.run(stages, "mlv", "repro", "-q")
	b.run(stages, "mlv", "repro", "-q")
	for range *barsRounds * 4 {
		for _, c := range []struct {
			name string
			dir  string
			args []string
		}{
			{"mlv version", dir, []string{"mlv", "version"}},
			{"mlv status, one file", dir, []string{"mlv", "status"}},
			{"mlv __complete push ''", dir, []string{"mlv", "__complete", "push", ""}},
			{"no-op repro, 100 stages", stages, []string{"mlv", "repro"}},
		} {
			if !b.wanted(c.name) {
				continue
			}
			r := b.row(c.name, "true", 0, true)
			r.base = append(r.base, b.run(c.dir, "true"))
			r.mlv = append(r.mlv, b.run(c.dir, c.args...))
		}
	}
}

// files measures a directory of n files of that size in folders.
func (b *bench) files(name string, n, size, folders int) {
	if !b.wanted(name) {
		return
	}
	data := filepath.Join(b.dir, name)
	content := make([]byte, size)
	for i := range n {
		dir := filepath.Join(data, fmt.Sprintf("d%03d", i%folders))
		if i < folders {
			b.must(os.MkdirAll(dir, 0o755))
		}
		_, _ = rand.Read(content)
		b.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%07d", i)), content, 0o644))
	}
	rounds := *barsRounds
	if n >= 1_000_000 {
		rounds = 1
	}
	for i := range rounds {
		b.filesRound(name, data, i)
	}
}

func (b *bench) filesRound(name, data string, round int) {
	dir := b.project(true)
	in := filepath.Join(dir, "data")
	b.must(os.Rename(data, in))
	find := func() usage { return b.run(dir, "find", "data", "-type", "f", "-printf", "%s %T@\n") }
	spare := func(what string) string { return filepath.Join(b.dir, fmt.Sprintf("%s-%s-%d", name, what, round)) }

	b.sync()
	hash := b.run(dir, "sh", "-c", "find data -type f -print0 | xargs -0 b3sum --num-threads 1 >/dev/null")
	b.sync()
	cp := b.run(dir, "cp", "-r", "data", spare("cp"))
	b.sync()
	add := b.run(dir, "mlv", "add", "-q", "data")
	b.both(name+": add, CPU", "b3sum", 1.5, true, add, hash)
	b.both(name+": add", "cp -r", 0.6, false, add, cp)

	base := find()
	b.both(name+": status, unchanged", "find", 0.8, false, b.run(dir, "mlv", "status"), base)

	b.sync()
	b.both(name+": first push", "cp -r", 0.5, false, b.run(dir, "mlv", "push", "-q"), cp)
	b.both(name+": push, nothing to do", "find", 0.3, false, b.run(dir, "mlv", "push", "-q"), find())

	b.must(os.WriteFile(filepath.Join(in, "d000", "f0000000"), []byte(time.Now().String()), 0o644))
	base = find()
	b.both(name+": add, 1 changed", "find", 2, false, b.run(dir, "mlv", "add", "-q", "data"), base)
	b.both(name+": push, 1 changed", "find", 2, false, b.run(dir, "mlv", "push", "-q"), base)

	b.must(os.Rename(in, data))
	b.sync()
	cp = b.run(b.dir, "cp", "-r", data, spare("cp2"))
	b.sync()
	b.both(name+": checkout, new folder", "cp -r", 0.9, false, b.run(dir, "mlv", "checkout", "-q"), cp)
}

func (b *bench) both(name, floor string, bar float64, cpu bool, mlv, base usage) {
	r := b.row(name, floor, bar, cpu)
	r.mlv, r.base = append(r.mlv, mlv), append(r.base, base)
}

// large measures one file of 1 GiB, copied into the cache.
func (b *bench) large() {
	if !b.wanted("1 GiB") {
		return
	}
	file := filepath.Join(b.dir, "big.bin")
	b.run(b.dir, "sh", "-c", "head -c 1073741824 /dev/urandom > big.bin")
	for i := range *barsRounds {
		dir := b.project(false)
		in := filepath.Join(dir, "big.bin")
		b.must(os.Rename(file, in))
		b.sync()
		hash := b.run(dir, "b3sum", "--num-threads", "1", "big.bin")
		to := filepath.Join(b.dir, fmt.Sprintf("big-%d", i))
		b.sync()
		cp := b.run(dir, "sh", "-c", "cp big.bin "+to+" && sync "+to)
		b.must(os.Remove(to))
		b.sync()
		add := b.run(dir, "mlv", "add", "-q", "big.bin")
		b.both("1 GiB: add", "cp + sync FILE", 1.1, false, add, cp)
		b.both("1 GiB: add, beside hashing alone", "b3sum", 0, false, add, hash)
		b.both("1 GiB: status, unchanged", "true", 0, false, b.run(dir, "mlv", "status", "-q"), b.run(dir, "true"))
		b.must(os.Rename(in, file))
		b.run(dir, "rm", "-rf", ".mlv")
	}
}

// print writes the table: medians, their ratio, and the bar.
func (b *bench) print() {
	fmt.Printf("%-36s %-16s %10s %10s %7s %6s %8s\n", "work", "floor", "floor", "mlv", "ratio", "bar", "RSS MiB")
	for _, name := range b.order {
		r := b.rows[name]
		pick := func(u usage) time.Duration {
			if r.cpu {
				return u.cpu
			}
			return u.wall
		}
		mlv, base := median(r.mlv, pick), median(r.base, pick)
		rss := int64(0)
		for _, u := range r.mlv {
			rss = max(rss, u.rss)
		}
		ratio, bar := "", ""
		if r.floor != "true" {
			ratio = fmt.Sprintf("%.2f", float64(mlv)/math.Max(float64(base), 1))
		}
		if r.bar > 0 {
			bar = fmt.Sprintf("%.2f", r.bar)
		}
		fmt.Printf("%-36s %-16s %10s %10s %7s %6s %8d\n", r.name, r.floor, short(base), short(mlv), ratio, bar, rss>>20)
	}
}

func median(list []usage, pick func(usage) time.Duration) time.Duration {
	var all []time.Duration
	for _, u := range list {
		all = append(all, pick(u))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func short(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
