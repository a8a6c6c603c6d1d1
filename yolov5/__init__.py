"""YOLOv5 v6/v7 written anew: network, safe checkpoint reader, boxes, torch.hub entry."""
