/* block_format.h - the bytes of a block file: docs/decisions/0003-block-files.md.
 * For its writer and its reader only. */
#pragma once

#define FILE_MAGIC          "STELEBLK"
#define FILE_MAGIC_END      "STELEEND"
#define FILE_MAGIC_BYTES    8
#define FILE_FORMAT         1
#define FILE_HEADER_BYTES   24 /* magic, format u32, kind, about size u32, crc u32; then about */
#define FILE_HEADER_CHECKED 20 /* what is before the crc; the about text counts too */
#define FILE_FOOTER_BYTES   48 /* top, rows, row bytes, blocks u64, format, crc u32; magic */
#define FILE_FOOTER_CHECKED 36 /* what is before the crc; the magic stands behind it */

/* type u8, encoding u8, 0 u16, stored u32, plain u32, count u32, crc u32; then the stored bytes */
#define CHUNK_HEADER_BYTES   20
#define CHUNK_HEADER_CHECKED 16
#define CHUNK_DATA           'D' /* rows: varint, key, varint, value */
#define CHUNK_INDEX          'I' /* data chunks: varint offset, varint, first key */
#define CHUNK_TOP            'T' /* index chunks: the same */
#define ENCODING_PLAIN       0
#define ENCODING_ZSTD        1

#define INDEX_ENTRIES 1024 /* of a full index chunk: all but the last one are */

#define DATA_BYTES      ((size_t)64 << 10) /* plain: at which a data chunk is closed */
#define CHUNK_BYTES_MAX ((size_t)16 << 20) /* plain, of a data or index chunk */
#define TOP_BYTES_MAX   ((size_t)256 << 20)
