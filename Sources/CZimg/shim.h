#include <zimg.h>

// The buffers' plane arrays have a type without a name, which Swift does not import.

static inline zimg_image_buffer_const chatd_zimg_source(const void *data, ptrdiff_t stride) {
  zimg_image_buffer_const buffer = {ZIMG_API_VERSION};
  buffer.plane[0].data = data;
  buffer.plane[0].stride = stride;
  buffer.plane[0].mask = ZIMG_BUFFER_MAX;
  return buffer;
}

static inline zimg_image_buffer chatd_zimg_target(void *data, ptrdiff_t stride) {
  zimg_image_buffer buffer = {ZIMG_API_VERSION};
  buffer.plane[0].data = data;
  buffer.plane[0].stride = stride;
  buffer.plane[0].mask = ZIMG_BUFFER_MAX;
  return buffer;
}
