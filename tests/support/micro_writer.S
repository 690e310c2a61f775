# A guest of one sector that writes 2 MiB to its disk, says so, and waits for the power button as the micro guest does. A host
# that has no room for them pauses it in the middle.
.set address, 0x600             # where the BIOS is told what to write
  .include "micro_boot.inc"
  movl $64, address+8           # first sector
  movl $0, address+12
next:
  movw $16, address             # length of this
  movw $64, address+2           # sectors
  movl $0x10000000, address+4   # from 0x1000:0
  mov $0x4300, %ax
  mov $0x80, %dl
  mov $address, %si
  int $0x13
  mov $failed, %si
  jc done
  addl $64, address+8
  cmpl $4160, address+8
  jb next
  mov $wrote, %si
done:
  call say
  .include "micro_serial.inc"
hello: .asciz "GUEST-MARKER writer\r\n"
wrote: .asciz "GUEST-WROTE\r\n"
failed: .asciz "GUEST-FAILED\r\n"
bye: .asciz "GUEST-ACPI-POWEROFF\r\n"
line: .asciz "\r\n"
.org 510
.word 0xaa55
