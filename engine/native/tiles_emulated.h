/* tiles_emulated.h - the tile instructions of AMX-INT8 in C, after Intel's manual (volume 2, TDPBSSD, TILELOADD, TILESTORED), so
 * that the kernel of k_amx.h is tested on machines without them. A tile that is used in a shape that does not fit, or not
 * configured, poisons its result. */
struct emulated_tile {
	int rows, bytes;
	uint8_t data[16][64];
};
static __thread struct emulated_tile tiles[8];

static void emulated_configure(const uint8_t *config)
{
	for (int t = 0; t < 8; t++) {
		uint16_t bytes;
		memcpy(&bytes, config + 16 + 2 * t, 2);
		tiles[t].rows = config[48 + t];
		tiles[t].bytes = bytes;
		memset(tiles[t].data, 0xa5, sizeof tiles[t].data);
	}
}

static void emulated_load(int t, const void *p, size_t stride)
{
	memset(tiles[t].data, 0, sizeof tiles[t].data);
	for (int r = 0; r < tiles[t].rows; r++)
		memcpy(tiles[t].data[r], (const uint8_t *)p + (size_t)r * stride, (size_t)tiles[t].bytes);
}

static void emulated_store(int t, void *p, size_t stride)
{
	for (int r = 0; r < tiles[t].rows; r++)
		memcpy((uint8_t *)p + (size_t)r * stride, tiles[t].data[r], (size_t)tiles[t].bytes);
}

static void emulated_dot(int c, int a, int b)
{
	const int fits = tiles[c].rows == tiles[a].rows && tiles[c].bytes == tiles[b].bytes && tiles[a].bytes == 4 * tiles[b].rows;
	for (int m = 0; m < tiles[c].rows; m++)
		for (int n = 0; n < tiles[c].bytes / 4; n++) {
			int32_t sum;
			memcpy(&sum, tiles[c].data[m] + 4 * n, 4);
			for (int k = 0; k < tiles[b].rows; k++)
				for (int i = 0; i < 4; i++)
					sum += (int8_t)tiles[a].data[m][4 * k + i] * (int8_t)tiles[b].data[k][4 * n + i];
			if (!fits)
				sum = 0x5a5a5a;
			memcpy(tiles[c].data[m] + 4 * n, &sum, 4);
		}
}

#define tile_configure(c) emulated_configure((const uint8_t *)(c))
#define tile_release() emulated_configure((const uint8_t[64]){0})
#define tile_zero(t) memset(tiles[t].data, 0, sizeof tiles[t].data)
#define tile_load(t, p, stride) emulated_load(t, p, stride)
#define tile_store(t, p, stride) emulated_store(t, p, stride)
#define tile_dot(c, a, b) emulated_dot(c, a, b)
