"""The contents of the demo shop: products, people and the notes they write."""

from typing import NamedTuple


def username(name):
    return name.split()[0].lower()


class SampleProduct(NamedTuple):
    name: str
    price: int
    # At first, and added with each delivery.
    stock: int
    # How often it is bought, relative to the others.
    popularity: int


# The products of each supplier. Each delivers once a week: the first on Mondays, the second on Tuesdays, and so on.
SUPPLIERS = [
    [
        SampleProduct("Bat", 1200, 40, 12),
        SampleProduct("Ball", 250, 120, 16),
        SampleProduct("English willow bat", 8990, 8, 2),
        SampleProduct("Junior bat", 790, 20, 5),
        SampleProduct("Bat grip", 120, 60, 7),
        SampleProduct("Batting gloves", 980, 20, 4),
        SampleProduct("Batting pads", 1750, 15, 3),
        SampleProduct("Helmet", 2450, 12, 3),
        SampleProduct("Stumps with bails", 1390, 10, 2),
        SampleProduct("Wicketkeeping gloves", 1640, 8, 1),
        SampleProduct("Kit bag", 2290, 10, 2),
    ],
    [
        SampleProduct("Football", 890, 40, 10),
        SampleProduct("Match football", 2490, 12, 3),
        SampleProduct("Football boots", 3290, 20, 4),
        SampleProduct("Shin guards", 390, 25, 5),
        SampleProduct("Goalkeeper gloves", 1190, 10, 2),
        SampleProduct("Goal net", 2790, 6, 1),
        SampleProduct("Corner flags", 990, 6, 1),
        SampleProduct("Training cones", 350, 30, 4),
        SampleProduct("Whistle", 150, 40, 4),
        SampleProduct("Ball pump", 290, 30, 5),
    ],
    [
        SampleProduct("Tennis racket", 3490, 15, 4),
        SampleProduct("Tennis balls, tin of 3", 420, 80, 12),
        SampleProduct("Badminton racket", 1290, 25, 6),
        SampleProduct("Shuttlecocks, tube of 6", 540, 60, 10),
        SampleProduct("Badminton net", 1090, 10, 2),
        SampleProduct("Table tennis bat", 650, 25, 5),
        SampleProduct("Table tennis balls, 6", 180, 50, 6),
        SampleProduct("Table tennis net", 720, 10, 2),
        SampleProduct("Squash racket", 2890, 8, 1),
        SampleProduct("Racket strings", 480, 30, 3),
        SampleProduct("Overgrip, 3", 240, 50, 6),
    ],
    [
        SampleProduct("Running shoes", 4990, 30, 8),
        SampleProduct("Trail shoes", 5690, 15, 3),
        SampleProduct("Indoor shoes", 3790, 20, 4),
        SampleProduct("Cricket shoes", 3990, 15, 3),
        SampleProduct("Insoles", 590, 25, 3),
        SampleProduct("Laces", 90, 60, 5),
        SampleProduct("Sports socks, 3 pairs", 390, 60, 9),
    ],
    [
        SampleProduct("Basketball", 1090, 25, 5),
        SampleProduct("Basketball hoop", 3890, 5, 1),
        SampleProduct("Volleyball", 990, 20, 4),
        SampleProduct("Volleyball net", 1890, 6, 1),
        SampleProduct("Hockey stick", 2190, 12, 2),
        SampleProduct("Hockey ball", 310, 30, 3),
        SampleProduct("Swimming goggles", 560, 30, 5),
        SampleProduct("Swimming cap", 240, 30, 4),
    ],
    [
        SampleProduct("Yoga mat", 890, 35, 7),
        SampleProduct("Skipping rope", 260, 40, 6),
        SampleProduct("Resistance bands", 540, 30, 5),
        SampleProduct("Dumbbells, 2 x 5 kg", 2690, 15, 3),
        SampleProduct("Kettlebell, 12 kg", 2990, 8, 2),
        SampleProduct("Foam roller", 790, 15, 3),
        SampleProduct("Water bottle", 320, 70, 9),
        SampleProduct("Sports towel", 450, 40, 5),
    ],
]
# These are never restocked.
LAST_SEASON = [
    SampleProduct("Team shirt, last season", 1490, 18, 6),
    SampleProduct("Track jacket, last season", 2190, 12, 4),
    SampleProduct("Cap, last season", 390, 20, 6),
    SampleProduct("Rain jacket, last season", 2890, 10, 4),
    SampleProduct("Shorts, last season", 690, 16, 5),
]
PRODUCTS = [sample for supplier in SUPPLIERS for sample in supplier] + LAST_SEASON

ADMINS = ["Asha Rao", "Leo Martin"]
CUSTOMERS = [
    *["Arjun Mehta", "Kavya Nair", "Rohan Das", "Emma Clarke", "Vikram Singh", "Priya Menon", "Daniel Osei"],
    *["Sara Lindqvist", "Ishaan Gupta", "Nina Petrović", "Farhan Ali", "Ananya Bose", "Tom Baker", "Meera Joshi"],
    *["Lucia Fernández", "Kabir Khan", "Hannah Vogel", "Dev Patel", "Zoe Martins", "Aditi Kulkarni", "Yusuf Demir"],
    *["Grace Mwangi", "Nikhil Reddy", "Olivia Rossi", "Tara Iyer"],
]

ORDER_NOTES = [
    *["ring twice", "leave it with the neighbor", "a gift: no invoice in the parcel, please", "for the school team"],
    *["needed by Saturday", "please call before delivery", "second floor, left", "I will pick it up myself"],
]
CONFIRM_NOTES = ["paid by card", "paid by transfer", "paid on account", "", "", ""]
SHIP_NOTES = ["by courier", "by post", "in two parcels", "", "", ""]
DELIVER_NOTES = ["left with the neighbor", "signed for", "", "", ""]
CUSTOMER_CANCEL_NOTES = ["ordered by mistake", "found it in a local shop", "chose the wrong size", "", ""]
ADMIN_CANCEL_NOTES = ["not paid", "the address does not exist", "the customer called"]
RETURN_NOTES = ["too small", "too large", "not as expected", "arrived too late"]
