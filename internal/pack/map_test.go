package pack_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

const (
	imagesText = "mlv-tree 1 0\n" +
		"8e4c7c1b99dbfd50e7a95185fead5ee1448fa904a2fdd778eaf5f2dbfd629a99 6 - a.txt\n" +
		"bc1f407a11c9377c8b9b13f956b279c8462775105eb958fc9ae3c40de87cc96e 10 x b/run.sh\n" +
		"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262 0 d empty\n"
	imagesMap = "map\n@ " + containerKey + " 0\n0 16 16 0\n+\n-\n"

	containerKey = "8ab48a90eaf3389ead3fd4be83c4b6753606592b235be2dc37212c334c3c69cc"
)

func mustNode(t testing.TB, text string) *object.Listing {
	t.Helper()
	l, err := object.ParseNode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func key(n byte) object.ID { return object.ID{n} }

func TestMapIsToTheByte(t *testing.T) {
	l := mustNode(t, imagesText)
	k, err := object.ParseID(containerKey)
	if err != nil {
		t.Fatal(err)
	}
	places := []pack.Place{
		{Container: k, Stored: 16, Plain: 16},
		{Container: k, Stored: 16, Plain: 16, Skip: 6},
		{},
	}
	text, err := pack.AppendMap(nil, l, places)
	if err != nil || string(text) != imagesMap {
		t.Errorf("%v\ngot  %q\nwant %q", err, text, imagesMap)
	}
	got, err := pack.ParseMap([]byte(imagesMap+"what a later version adds\n"), l)
	if diff := cmp.Diff(places, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// sizes returns a node of level 0 with files of the given sizes; of size -1 it
// is an output of a project tree.
func sizes(t testing.TB, list ...int64) *object.Listing {
	t.Helper()
	l := &object.Listing{}
	for i, n := range list {
		e := object.Entry{Path: fsx.Path(fmt.Sprintf("%04d", i)), ID: object.ID{1}, Size: n, Mode: object.File}
		switch n {
		case 0:
			e.ID = object.Empty
		case -1:
			e.Mode, e.Size = object.Tree, 100
		}
		l.Entries = append(l.Entries, e)
	}
	return mustNode(t, string(l.AppendTo(nil)))
}

func TestMapSaysEachFormInOneWay(t *testing.T) {
	k, other := strings.Repeat("0", 62)+"01", strings.Repeat("0", 62)+"02"
	tests := map[string]struct {
		sizes []int64
		text  string
	}{
		"frames side by side":        {[]int64{5, 7}, "@ " + k + " 0\n1 4\n0 7\n"},
		"a gap":                      {[]int64{5, 7}, "@ " + k + " 0\n0 5\n@ " + k + " 6\n0 7\n"},
		"another container":          {[]int64{5, 7}, "@ " + k + " 0\n0 5\n@ " + other + " 5\n0 7\n"},
		"one group, passing nothing": {[]int64{5, 0, 7}, "@ " + k + " 3\n1 9 12 0\n-\n+\n"},
		"a group, then its neighbor": {[]int64{5, 7, 9}, "@ " + k + " 3\n1 9 12 0\n+\n2 8\n"},
		"back into a group":          {[]int64{5, 7}, "@ " + k + " 0\n0 20 20 0\n@ " + k + " 0\n0 20 20 13\n"},
		"the middle of a group":      {[]int64{5}, "@ " + k + " 0\n0 20 20 1\n"},
		"a chunked file":             {[]int64{1 << 40, 5}, "@ - 7\nt 99\n@ " + k + " 106\n0 5\n"},
		"an output":                  {[]int64{-1, -1}, "@ - 0\nt 50\nt 60\n"},
		"after a node, not behind":   {[]int64{5, -1, 7}, "@ " + k + " 0\n0 12 12 0\n@ - 0\nt 5\n@ " + k + " 0\n0 12 12 5\n"},
		"nothing at all":             {[]int64{0, 0}, "-\n-\n"},
		"no lines":                   {nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := sizes(t, tt.sizes...)
			places, err := pack.ParseMap([]byte("map\n"+tt.text), l)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pack.AppendMap([]byte("x"), l, places)
			if want := "xmap\n" + tt.text; err != nil || string(got) != want {
				t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
			}
		})
	}
}

func TestParseMapRefuses(t *testing.T) {
	k := strings.Repeat("0", 62) + "01"
	at := "@ " + k + " 0\n"
	tests := map[string]struct {
		sizes []int64
		text  string
	}{
		"no container":                 {[]int64{5}, "0 5\n"},
		"follows nothing":              {[]int64{5}, at + "+\n"},
		"follows a node":               {[]int64{-1, 5}, "@ - 0\nt 5\n+\n"},
		"a place too few":              {[]int64{5, 5}, at + "0 5\n"},
		"no line feed":                 {[]int64{5}, at + "0 5"},
		"an @ for nothing":             {[]int64{5, 5}, at + "0 5\n@ " + k + " 5\n0 5\n"},
		"two @":                        {[]int64{5}, at + at + "0 5\n"},
		"the long form of a whole":     {[]int64{5}, at + "0 5 5 0\n"},
		"the long form of +":           {[]int64{5, 5}, at + "1 5 10 0\n" + at + "1 5 10 5\n"},
		"leaves its frame":             {[]int64{5}, at + "1 5 10 6\n"},
		"+ leaves its frame":           {[]int64{5, 6}, at + "1 5 10 0\n+\n"},
		"leaves every container":       {[]int64{5}, "@ " + k + " 67108864\n0 5\n"},
		"raw of two sizes":             {[]int64{5}, at + "0 4\n"},
		"a raw group of two sizes":     {[]int64{5}, at + "0 4 10 0\n"},
		"a frame past 16 MiB":          {[]int64{16<<20 + 1}, at + "1 5\n"},
		"a group past 1 MiB":           {[]int64{5}, at + "1 5 1048577 0\n"},
		"nothing stored":               {[]int64{5}, at + "1 0\n"},
		"codec 4":                      {[]int64{5}, at + "4 5\n"},
		"codec 256":                    {[]int64{5}, at + "256 5\n"},
		"a blob among nodes":           {[]int64{5}, "@ - 0\n0 5\n"},
		"the zero key":                 {[]int64{5}, "@ " + strings.Repeat("0", 64) + " 0\nt 5\n"},
		"nothing, of a blob":           {[]int64{5}, "-\n"},
		"a blob, of nothing":           {[]int64{0}, at + "0 5\n"},
		"a blob, of an output":         {[]int64{-1}, at + "1 5\n"},
		"a node inside a frame":        {[]int64{5}, at + "t 5 10 0\n"},
		"three fields":                 {[]int64{5}, at + "1 5 10\n"},
		"five fields":                  {[]int64{5}, at + "1 5 10 0 0\n"},
		"a number with a leading zero": {[]int64{5}, at + "0 05\n"},
		"a number past 2³²":            {[]int64{5}, at + "1 4294967296\n"},
		"upper case":                   {[]int64{5}, strings.ToUpper("@ " + strings.Repeat("a", 64) + " 0\n0 5\n")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			places, err := pack.ParseMap([]byte("map\n"+tt.text), sizes(t, tt.sizes...))
			if err == nil {
				t.Fatalf("accepted as %+v", places)
			}
			want := errs.Corrupt
			if strings.HasPrefix(name, "codec") {
				want = errs.Other
			}
			if errs.KindOf(err) != want {
				t.Errorf("class %v of %v", errs.KindOf(err), err)
			}
		})
	}
}

// TestMapOfAnyPlacesComesBack makes places at random, as a push with bases,
// reused frames and chunked files leaves them.
func TestMapOfAnyPlacesComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		var list []int64
		var places []pack.Place
		frame := pack.Place{Container: key(1), Offset: 0, Stored: 40, Plain: 100, Codec: pack.Zstd}
		for range r.IntN(40) {
			size := int64(1 + r.IntN(30))
			switch r.IntN(6) {
			case 0:
				list, places = append(list, 0), append(places, pack.Place{})
			case 1:
				list, places = append(list, -1), append(places, pack.Place{Container: key(byte(r.IntN(2))), Node: true, Codec: pack.Zstd, Offset: uint32(r.IntN(3)), Stored: 1})
			case 2:
				frame = pack.Place{Container: key(byte(1 + r.IntN(2))), Offset: frame.Offset + frame.Stored, Stored: uint32(1 + r.IntN(50)), Plain: 100, Codec: pack.Codec(1 + r.IntN(3))}
			case 3:
				list, places = append(list, size), append(places, pack.Place{Container: frame.Container, Offset: frame.Offset + frame.Stored, Stored: uint32(size), Plain: uint32(size)})
			default:
				if frame.Skip+uint32(size) > frame.Plain {
					frame.Skip = uint32(r.IntN(20))
				}
				list, places = append(list, size), append(places, frame)
				frame.Skip += uint32(size)
			}
		}
		l := sizes(t, list...)
		text, err := pack.AppendMap(nil, l, places)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pack.ParseMap(text, l)
		if diff := cmp.Diff(places, got); err != nil || diff != "" && len(places) > 0 {
			t.Fatalf("%v\n%s\n%s", err, text, diff)
		}
	}
}

func TestSplitNodeFindsTheMap(t *testing.T) {
	text, m, err := pack.SplitNode([]byte(imagesText + imagesMap))
	if err != nil || string(text) != imagesText || string(m) != imagesMap {
		t.Errorf("%q, %q, %v", text, m, err)
	}
	if _, _, err := pack.SplitNode([]byte(imagesText)); errs.KindOf(err) != errs.Corrupt {
		t.Errorf("without a map: %v", err)
	}
}

func TestRecordIsToTheByte(t *testing.T) {
	l := mustNode(t, imagesText)
	id := object.Sum([]byte(imagesText))
	places, err := pack.ParseMap([]byte(imagesMap), l)
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.Repeat("5d0c3f", 7)[:40]
	chunked := pack.Place{Container: key(9), Node: true, Codec: pack.Zstd, Offset: 3, Stored: 80}
	tests := map[string]struct {
		record pack.Record
		text   string
	}{
		"tree": {
			pack.Record{Mode: object.Tree, ID: id, Size: 16, Commit: commit, Top: l, Places: places},
			"mlv-record 1\nroot t " + id.String() + " 16\ncommit " + commit + "\n" + imagesText + imagesMap,
		},
		"file": {
			pack.Record{Mode: object.File, ID: key(7), Size: 1 << 40, Places: []pack.Place{chunked}},
			"mlv-record 1\nroot - " + key(7).String() + " 1099511627776\ncommit -\nmap\n@ " + key(9).String() + " 3\nt 80\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text, err := tt.record.AppendTo(nil)
			if err != nil || string(text) != tt.text {
				t.Errorf("%v\ngot  %q\nwant %q", err, text, tt.text)
			}
			got, err := pack.ParseRecord([]byte(tt.text + "more\n"))
			if diff := cmp.Diff(&tt.record, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestParseRecordRefuses(t *testing.T) {
	id := object.Sum([]byte(imagesText)).String()
	good := "mlv-record 1\nroot t " + id + " 16\ncommit -\n" + imagesText + imagesMap
	if _, err := pack.ParseRecord([]byte(good)); err != nil {
		t.Fatal(err)
	}
	tests := map[string][2]string{
		"another word":      {"mlv-record", "mlv-rekord"},
		"version 0":         {"record 1", "record 0"},
		"version 2":         {"record 1", "record 2"},
		"mode":              {"root t", "root x"},
		"a file with lines": {"root t", "root -"},
		"another hash":      {"root t 1", "root t 2"},
		"another size":      {" 16\ncommit", " 17\ncommit"},
		"no commit":         {"commit -", "commit "},
		"a short commit":    {"commit -", "commit 5d0c3f"},
		"a commit in caps":  {"commit -", "commit " + strings.Repeat("A", 40)},
		"another node":      {"b/run.sh", "b/run.py"},
		"no map":            {"map\n", "mop\n"},
		"its own container": {"@ " + containerKey, "@ -"},
		"a place too few":   {"+\n-\n", "+\n"},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, change[0], change[1], 1)
			if text == good {
				t.Fatal("nothing was changed")
			}
			if r, err := pack.ParseRecord([]byte(text)); err == nil {
				t.Errorf("accepted as %+v", r)
			}
		})
	}
}

func FuzzMap(f *testing.F) {
	f.Add([]byte(imagesText), []byte(imagesMap))
	f.Add([]byte("mlv-tree 1 1\n"+key(1).String()+" 1 1 a\n"+key(2).String()+" 1 1 b\n"), []byte("map\n@ - 0\nt 5\nt 6\n"))
	f.Add([]byte("mlv-chunks 1 0\n"+key(1).String()+" 5\n"+key(2).String()+" 6\n"), []byte("map\n@ "+containerKey+" 0\n1 5\n0 6 20 3\n"))
	f.Fuzz(func(t *testing.T, node, text []byte) {
		l, err := object.ParseNode(node)
		if err != nil {
			if l, err = object.ParseChunks(node); err != nil {
				return
			}
		}
		places, err := pack.ParseMap(text, l)
		if err != nil {
			return
		}
		again, err := pack.AppendMap(nil, l, places)
		if err != nil || !bytes.HasPrefix(text, again) {
			t.Fatalf("%v\ngot  %q\nfrom %q", err, again, text)
		}
	})
}

func FuzzRecord(f *testing.F) {
	id := object.Sum([]byte(imagesText)).String()
	f.Add([]byte("mlv-record 1\nroot t " + id + " 16\ncommit -\n" + imagesText + imagesMap))
	f.Add([]byte("mlv-record 1\nroot - " + id + " 16\ncommit " + strings.Repeat("5", 40) + "\nmap\n@ " + id + " 0\n1 9\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := pack.ParseRecord(text)
		if err != nil {
			return
		}
		again, err := r.AppendTo(nil)
		if err != nil || !bytes.HasPrefix(text, again) {
			t.Fatalf("%v\ngot  %q\nfrom %q", err, again, text)
		}
	})
}
