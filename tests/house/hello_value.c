#include <plait.h>
#include <plait/value.h>

int main(void)
{
    plait_value *value = plait_value_map(), *back = NULL;
    plait_bytes bytes = { NULL, 0 };
    int64_t one = 0;
    int err = plait_value_set(value, "one", plait_value_integer(1));
    if (!err) err = plait_value_encode(value, &bytes);
    if (!err) err = plait_value_decode(bytes.data, bytes.size, &back);
    if (!err) err = plait_value_get_integer(plait_value_find(back, "one"), &one);
    plait_value_free(back);
    plait_bytes_clear(&bytes);
    plait_value_free(value);
    return err == 0 && one == 1 ? 0 : 1;
}
