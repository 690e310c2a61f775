"""A small Linux guest as an image of format "kernel": Debian's cloud kernel, busybox, and what they need to see their disks and
their power button. The packages are fetched with apt-get and unpacked, not installed.

    linux_guest.py FILE
"""

import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PACKAGES = ("linux-image-cloud-amd64", "busybox-static")
MODULES = ("virtio_pci", "virtio_blk", "button", "evdev", "isofs")
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /mnt
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/order); do /bin/busybox insmod /modules/$module; done
/bin/busybox sleep 1
seed=none
for disk in /dev/vd?; do
  /bin/busybox mount -t iso9660 -o ro $disk /mnt 2>/dev/null && seed=$(/bin/busybox md5sum < /mnt/user-data) && /bin/busybox umount /mnt
done
echo "GUEST-MARKER linux disk=$(/bin/busybox cat /sys/block/vda/size) cpus=$(/bin/busybox nproc) seed=${seed%% *}" \
     "cmdline=$(/bin/busybox cat /proc/cmdline)" > /dev/ttyS0
button=$(/bin/busybox grep -A4 'Name="Power Button"' /proc/bus/input/devices | /bin/busybox grep -o 'event[0-9]*' | /bin/busybox head -1)
/bin/busybox dd if=/dev/input/$button of=/dev/null bs=24 count=1 2>/dev/null
echo GUEST-ACPI-POWEROFF > /dev/ttyS0
/bin/busybox poweroff -f
"""


def download(folder):
    """Fetches the packages; False when apt does not know them, or where they are now."""
    found = subprocess.run(["apt-cache", "depends", PACKAGES[0]], capture_output=True, text=True, check=False).stdout
    kernel = re.search(r"Depends: (linux-image-\S+)", found)  # the newest is what the metapackage depends on
    if kernel is None:
        return False
    command = ["apt-get", "download", "-q", kernel.group(1), *PACKAGES[1:]]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def fetch(folder):
    """Unpacks the packages below the folder."""
    if not download(folder):  # the lists of packages are old, or were never asked for
        update = ["apt-get", "update", "-q"]
        subprocess.run(update if os.geteuid() == 0 else ["sudo", "-n", *update], check=True, capture_output=True)
        if not download(folder):
            raise RuntimeError(f"apt-get cannot download {PACKAGES}: the kernel of the test's guest")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package.name, "root"], cwd=folder, check=True)
    return folder / "root"


def modules_of(root):
    """Files of the wanted modules after those that they depend on."""
    known = {path.stem.replace("-", "_"): path for path in root.glob("lib/modules/**/*.ko")}
    order = []

    def add(name):
        path = known.get(name.replace("-", "_"))
        if path is None or path in order:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for other in (found.group(1).decode().split(",") if found else []):
            add(other)
        order.append(path)

    for name in MODULES:
        add(name)
    return order


def cpio(files):
    """An archive in the form "newc" of {name: (mode, bytes)}."""
    out = bytearray()

    def entry(number, name, mode, content):
        head = "070701" + "".join(f"{value:08x}" for value in (
            number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0))
        for part in (head.encode() + name.encode() + b"\0", content):
            out.extend(part)
            out.extend(b"\0" * (-len(out) % 4))

    for number, (name, (mode, content)) in enumerate(files.items(), 1):
        entry(number, name, mode, content)
    entry(0, "TRAILER!!!", 0, b"")
    return bytes(out)


def build(target, command="console=ttyS0 quiet said=hello"):
    """Writes the image. Errors: CalledProcessError, FileNotFoundError where the packages cannot be had."""
    with tempfile.TemporaryDirectory(prefix="charter-linux-") as name:
        folder = pathlib.Path(name)
        root = fetch(folder)
        modules = modules_of(root)
        files = {"bin": (0o40755, b""), "modules": (0o40755, b""), "init": (0o100755, INIT.encode()),
                 "bin/busybox": (0o100755, (root / "bin/busybox").read_bytes()),
                 "modules/order": (0o100644, " ".join(path.name for path in modules).encode())}
        files |= {f"modules/{path.name}": (0o100644, path.read_bytes()) for path in modules}
        parts = folder / "parts"
        parts.mkdir()
        (parts / "vmlinuz").write_bytes(next(root.glob("boot/vmlinuz-*")).read_bytes())
        (parts / "initrd.img").write_bytes(gzip.compress(cpio(files), 6))
        (parts / "cmdline").write_text(command + "\n")
        subprocess.run(["tar", "--format=ustar", "-C", str(parts), "-cf", str(target), "vmlinuz", "initrd.img", "cmdline"],
                       check=True)


if __name__ == "__main__":
    build(pathlib.Path(sys.argv[1]).resolve())
