package ui

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/render"
)

const (
	quietFor  = 500 * time.Millisecond // what ends sooner shows no progress
	redraw    = 100 * time.Millisecond
	plainPace = 5 * time.Second // between lines where no terminal redraws one
)

// Watch shows m on Err until the returned function is called, which takes the
// progress line away and may be called more than once. Nothing is shown of
// work that is done within half a second.
func (s *Screen) Watch(m *par.Meter) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		s.watch(m, done)
	}()
	return sync.OnceFunc(func() {
		close(done)
		<-gone
	})
}

func (s *Screen) watch(m *par.Meter, done <-chan struct{}) {
	pace := plainPace
	if s.Err.Terminal {
		pace = redraw
	}
	first := time.NewTimer(max(quietFor, pace-redraw))
	defer first.Stop()
	var meter speedometer
	select {
	case <-done:
		return
	case <-first.C:
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		if p := m.Read(); p.Items > 0 || p.Bytes > 0 || p.ItemsTotal > 0 || p.BytesTotal > 0 {
			s.draw(meter.line(p, time.Now()))
		}
		select {
		case <-done:
			s.mu.Lock()
			defer s.mu.Unlock()
			s.erase()
			return
		case <-tick.C:
		}
	}
}

func (s *Screen) draw(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Err.Terminal {
		_, _ = io.WriteString(s.Err.w, line+"\n") // progress that can't be shown stops nothing
		return
	}
	s.erase()
	_, _ = io.WriteString(s.Err.w, render.Fit(line, s.Err.Width()-1))
	s.drawn = true
}

// erase takes the progress line away; s.mu is held.
func (s *Screen) erase() {
	if s.drawn {
		_, _ = io.WriteString(s.Err.w, "\r\x1b[K")
		s.drawn = false
	}
}

// A speedometer tells the speed of the last seconds, so that a rate follows
// what the disk or the network does now.
type speedometer struct {
	phase string
	marks []mark // oldest first
}

type mark struct {
	at           time.Time
	items, bytes int64
}

const window = 8 * time.Second

// line returns what is shown of p, read at now: the phase, files, bytes, rate
// and the time that is left, as far as they are known.
func (sp *speedometer) line(p par.Progress, now time.Time) string {
	if sp.phase != p.Phase {
		*sp = speedometer{phase: p.Phase}
	}
	sp.marks = append(sp.marks, mark{now, p.Items, p.Bytes})
	for len(sp.marks) > 2 && now.Sub(sp.marks[1].at) >= window {
		sp.marks = sp.marks[1:]
	}
	var parts []string
	if p.Phase != "" {
		parts = append(parts, p.Phase)
	}
	switch {
	case p.ItemsTotal > 0:
		parts = append(parts, render.Number(p.Items)+"/"+render.Count(p.ItemsTotal, "file"))
	case p.Items > 0:
		parts = append(parts, render.Count(p.Items, "file"))
	}
	switch {
	case p.BytesTotal > 0:
		parts = append(parts, render.Size(p.Bytes)+" of "+render.Size(p.BytesTotal))
	case p.Bytes > 0:
		parts = append(parts, render.Size(p.Bytes))
	}
	return strings.Join(append(parts, sp.rate(p)...), "  ")
}

func (sp *speedometer) rate(p par.Progress) (parts []string) {
	first, last := sp.marks[0], sp.marks[len(sp.marks)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds < redraw.Seconds()/2 {
		return nil
	}
	items, bytes := float64(last.items-first.items)/seconds, float64(last.bytes-first.bytes)/seconds
	if bytes > 0 {
		parts = append(parts, render.Size(int64(bytes))+"/s")
	}
	var left float64
	switch {
	case p.BytesTotal > p.Bytes && bytes > 0:
		left = float64(p.BytesTotal-p.Bytes) / bytes
	case p.BytesTotal == 0 && p.ItemsTotal > p.Items && items > 0:
		left = float64(p.ItemsTotal-p.Items) / items
	default:
		return parts
	}
	whole := int64(left + 0.5)
	return append(parts, fmt.Sprintf("%d:%02d left", whole/60, whole%60))
}
