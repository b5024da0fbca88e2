package engine

// CacheBytes is the memory of all keys and values that the native backend has, in use or not; 0 of another backend.
func (m *Model) CacheBytes() int64 {
	if b, ok := m.backend.anyBackend.(*nativeBackend); ok {
		return b.net.CacheBytes()
	}
	return 0
}
