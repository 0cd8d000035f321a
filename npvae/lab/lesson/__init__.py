"""What a notebook asks its reader: a question before a figure, a figure with sliders, claims that may end.

None of it needs a widget or a kernel to be read; `live` computes anew where there is a kernel.
"""

from npvae.lab.lesson.closing import closing
from npvae.lab.lesson.live import live
from npvae.lab.lesson.predict import predict

__all__ = ["closing", "live", "predict"]
