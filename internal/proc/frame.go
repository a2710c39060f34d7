package proc

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Between mlv and its guard go frames: a kind, a length of four bytes, little
// end first, and that many bytes. Lists in them are of items that each end in
// NUL, which neither a path nor an argument nor a variable can hold.
const (
	frameRun    = 'r' // to the guard: a Job
	frameSignal = 's' // to the guard: the name of a stop
	frameOutput = 'o' // from the guard: what the command wrote
	frameExit   = 'x' // from the guard: an Exit; the command and its descendants have ended
	frameError  = 'e' // from the guard: why the command could not be started
)

// maxFrame bounds what a frame makes its reader allocate.
const maxFrame = 64 << 20

// writeFrame writes one frame with one call of w.Write.
func writeFrame(w io.Writer, kind byte, body []byte) error {
	if len(body) > maxFrame {
		return fmt.Errorf("%d bytes of command and environment are more than %d", len(body), maxFrame)
	}
	b := make([]byte, 0, 5+len(body))
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	_, err := w.Write(append(b, body...))
	return err
}

// readFrame reads one frame into buf, which grows if needed. It returns io.EOF
// only where a frame would begin.
func readFrame(r *bufio.Reader, buf []byte) (kind byte, body []byte, err error) {
	if kind, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	var size [4]byte
	if _, err = io.ReadFull(r, size[:]); err != nil {
		return 0, nil, unexpected(err)
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("frame of %d bytes", n)
	}
	if int(n) > cap(buf) {
		buf = make([]byte, n)
	}
	body = buf[:n]
	_, err = io.ReadFull(r, body)
	return kind, body, unexpected(err)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// joinList encodes items, none of which may hold a NUL.
func joinList(items ...string) ([]byte, error) {
	var b []byte
	for _, item := range items {
		if strings.IndexByte(item, 0) >= 0 {
			return nil, fmt.Errorf("NUL byte in %q", item)
		}
		b = append(append(b, item...), 0)
	}
	return b, nil
}

// splitList is the inverse of joinList.
func splitList(b []byte) ([]string, error) {
	if len(b) == 0 {
		return nil, nil
	}
	s, ok := strings.CutSuffix(string(b), "\x00")
	if !ok {
		return nil, errors.New("list does not end in NUL")
	}
	return strings.Split(s, "\x00"), nil
}
