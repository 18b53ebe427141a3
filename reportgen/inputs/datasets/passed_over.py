"""Files and folders that systems and programs leave beside pictures, and that are none of the user's: one list.

Thumbs.db, .DS_Store, @eaDir, lost+found, $RECYCLE.BIN, .git and their like. What is passed over is counted in
the report.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

SystemFileKind = Literal[
    "windows",
    "macos",
    "nas",
    "volume",
    "cloud",
    "version_control",
    "editor",
    "photo_program",
    "hidden",
    "beside",  # beside the class folders
    "loop",  # a link back to a folder above it
]

# Names in any case, whole; a folder's name ends in "/". The first kind that fits counts.
_NAMES: Mapping[SystemFileKind, str] = MappingProxyType(
    {
        "windows": r"thumbs\.db(:encryptable)?|ehthumbs(_vista)?\.db|desktop\.ini|autorun\.inf|~\$.*|"
        r"\$recycle\.bin/|system volume information/|(?-i:RECYCLER)/|config\.msi/|found\.\d{3}/|msocache/|"
        r"wpsettings\.dat|indexervolumeguid|.*:zone\.identifier",
        "macos": r"\.ds_store|\._.*|icon\r|\.localized|__macosx/|\.appledouble/|\.appledb/|\.appledesktop/|"
        r"\.spotlight-v100/|\.fseventsd/|\.trashes/|\.temporaryitems/|temporary items/|network trash folder/|"
        r"\.documentrevisions-v100/|\.apdisk|\.volumeicon\.icns|\.com\.apple\..*|\.hfs\+ private directory data.*/",
        "nas": r"@eadir/|@tmp/|@sharebin/|#recycle/|#snapshot/|@recycle/|@recently-snapshot/|\.@__thumb/|"
        r"\.@upload_cache/|\.@__.*|@synoresource/?|.*@syno(eastream|resource)|@appstore/|@database/|@s2s/|@__thumb/|"
        r"~snapshot/|\.snapshot/|\.snapshots/|\.zfs/|\.streams/|\.qsync/|\.wdmc/|\.wd_tv/|\.twonkymedia.*/|\.nfs[0-9a-f]{16,}",
        "volume": r"lost\+found/|lost\.dir/|\.trash-\d+/?|\.trash/|aquota\.(user|group)|\.android_secure/|\.nomedia|"
        r"\.thumbnails/|\.directory|\.xdg-volume-info",
        "cloud": r"\.dropbox(\.attr|\.cache/)?|\.tmp\.drive(down|up)load/|\.stfolder/|\.stversions/|\.stignore|"
        r"\.syncthing\..*|~syncthing~.*\.tmp|\.(sync|owncloudsync|nextcloudsync)(_.*|\.log|\.db)?|\.sync/|\.owncloud.*|"
        r"\.synkron\..*|\.filerun\..*",
        "version_control": r"\.git/?|\.hg/?|\.svn/|_svn/|\.bzr/|\.dvc/|.*\.dvc|\.dvcignore|\.datalad/|\.gitattributes|"
        r"\.gitignore|\.gitkeep|\.gitmodules|\.hgignore|\.keep|\.lfsconfig",
        "editor": r"\.ipynb_checkpoints/|__pycache__/|\.idea/|\.vscode/|\.vs/|\.pytest_cache/|\.mypy_cache/|.*~|"
        r"#.*#|\..*\.sw[a-p]|\.~lock\..*#",
        "photo_program": r"\.?picasa\.ini|\.picasaoriginals/|zbthumbnail\.info|pspbrwse\.jbf|"
        r".*\.(xmp|aae|pp3|dop|jbf|lrcat|lrdata/|on1)|\.comments/|\.xvpics/|\.pics/|\.xnview.*",
        "hidden": r"\..*",
    }
)
_PATTERNS = {kind: re.compile(names, re.IGNORECASE | re.DOTALL) for kind, names in _NAMES.items()}
_ICLOUD = re.compile(r"\..+\.icloud", re.DOTALL)  # stands for a picture that is not downloaded: it must not vanish


def passed_over(name: str, *, folder: bool) -> SystemFileKind | None:
    """Which kind of file or folder of a system or a program `name` is; None for a user's own."""
    if not folder and _ICLOUD.fullmatch(name):
        return None
    whole = name + "/" if folder else name
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(whole)), None)
