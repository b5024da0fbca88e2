/* tiles_amx.h - the tile instructions of AMX-INT8. Tile numbers are constants. */
#define tile_configure(c) __asm__ volatile("ldtilecfg %0" : : "m"(*(c)) : "memory")
#define tile_release() __asm__ volatile("tilerelease" : : : "memory")
#define tile_zero(t) _tile_zero(t)
#define tile_load(t, p, stride) _tile_loadd(t, p, stride)
#define tile_store(t, p, stride) _tile_stored(t, p, stride)
#define tile_dot(c, a, b) _tile_dpbssd(c, a, b)
